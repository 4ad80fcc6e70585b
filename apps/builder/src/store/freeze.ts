import type { Catalog, Channel, ChannelState, Time } from '@nixos-images/shared';
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

/** Says of a channel that it gets no more releases. */
export async function freeze(
  bucket: Bucket,
  channel: Channel,
  { reason, since, sunset }: Freezing,
  options: CatalogOptions = {},
): Promise<{ changed: boolean }> {
  const toFrozen = (former: ChannelState, now: Time): ChannelState => ({
    status: 'frozen',
    since: since ?? (former.status === 'frozen' ? former.since : now),
    reason,
    ...(sunset !== undefined && { sunset }),
  });
  return changeState(bucket, channel, toFrozen, options);
}

/** Says of a channel that it gets releases again. */
export async function thaw(
  bucket: Bucket,
  channel: Channel,
  options: CatalogOptions = {},
): Promise<{ changed: boolean }> {
  return changeState(bucket, channel, () => ({ status: 'live' }), options);
}

/** Changes what readers are told of a channel; `changed` is false when they are told just that already. */
async function changeState(
  bucket: Bucket,
  channel: Channel,
  next: (former: ChannelState, now: Time) => ChannelState,
  options: CatalogOptions,
): Promise<{ changed: boolean }> {
  const change = (catalog: Catalog, now: Time): Changed<{ changed: boolean }> => {
    const entry = requireEntry(catalog, channel);
    const state = next(entry.state, now);
    if (saysTheSame(entry.state, state)) return { result: { changed: false } };
    const channels = { ...catalog.channels, [channel]: { ...entry, state } };
    return { catalog: { ...catalog, channels }, result: { changed: true } };
  };
  return changeCatalog(bucket, change, options);
}

function saysTheSame(left: ChannelState, right: ChannelState): boolean {
  if (left.status !== 'frozen' || right.status !== 'frozen') return left.status === right.status;
  return left.reason === right.reason && left.since === right.since && left.sunset === right.sunset;
}
