import {
  type Catalog,
  type CatalogChannel,
  type Channel,
  type Standing,
  stageOf,
  type Time,
} from '@nixos-images/shared';
import type { Bucket } from './bucket.ts';
import { type CatalogOptions, type Changed, changeCatalog, requireEntry } from './catalog-change.ts';

/** What readers are told of a channel that gets no more releases. */
export interface Freezing {
  readonly reason: string;
  /** Since when; default: since it was frozen, which is now if it is not yet. */
  readonly since?: Time;
  /** When its last release goes. */
  readonly sunset?: Time;
}

/** Says of a channel that it gets no more releases; its last one stays. */
export async function freeze(
  bucket: Bucket,
  channel: Channel,
  freezing: Freezing,
  options: CatalogOptions = {},
): Promise<{ changed: boolean }> {
  // What is withdrawn stays so: the weekly run freezes as the config says.
  const next = (entry: CatalogChannel, now: Time) =>
    ended(entry.stage === 'withdrawn' ? 'withdrawn' : 'frozen', freezing, entry, now);
  return changeStanding(bucket, channel, next, options);
}

/** Says of a channel that it should no longer be installed: no name means it any more, while its versions keep their addresses. */
export async function withdraw(
  bucket: Bucket,
  channel: Channel,
  freezing: Freezing,
  options: CatalogOptions = {},
): Promise<{ changed: boolean }> {
  return changeStanding(bucket, channel, (entry, now) => ended('withdrawn', freezing, entry, now), options);
}

/** Says of a channel what the config says of it: takes freezing and withdrawing back. */
export async function restore(
  bucket: Bucket,
  channel: Channel,
  standing: Standing,
  options: CatalogOptions = {},
): Promise<{ changed: boolean }> {
  return changeStanding(bucket, channel, () => standing, options);
}

function ended(
  stage: 'frozen' | 'withdrawn',
  { reason, since, sunset }: Freezing,
  { state: former }: CatalogChannel,
  now: Time,
): Standing {
  const time = since ?? (former.status === 'frozen' ? former.since : now);
  return { stage, state: { status: 'frozen', since: time, reason, ...(sunset !== undefined && { sunset }) } };
}

/** Changes what readers are told of a channel; `changed` is false when they are told just that already. */
async function changeStanding(
  bucket: Bucket,
  channel: Channel,
  next: (entry: CatalogChannel, now: Time) => Standing,
  options: CatalogOptions,
): Promise<{ changed: boolean }> {
  const change = (catalog: Catalog, now: Time): Changed<{ changed: boolean }> => {
    const entry = requireEntry(catalog, channel);
    const standing = next(entry, now);
    const former: Standing = { stage: entry.stage ?? stageOf({ state: entry.state }, 0), state: entry.state };
    if (saysTheSame(former, standing)) return { result: { changed: false } };
    const channels = { ...catalog.channels, [channel]: { ...entry, ...standing } };
    return { catalog: { ...catalog, channels }, result: { changed: true } };
  };
  return changeCatalog(bucket, change, options);
}

function saysTheSame({ stage, state: left }: Standing, { stage: other, state: right }: Standing): boolean {
  if (stage !== other) return false;
  if (left.status !== 'frozen' || right.status !== 'frozen') return left.status === right.status;
  return left.reason === right.reason && left.since === right.since && left.sunset === right.sunset;
}
