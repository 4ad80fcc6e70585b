import {
  type Catalog,
  type CatalogChannel,
  type Channel,
  type Manifest,
  timeOf,
  type Version,
} from '@nixos-images/shared';
import { EXIT, Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { changeCatalog } from './catalog-change.ts';
import { refuseCollected } from './promote.ts';
import { requireRelease } from './read-back.ts';
import { readManifest } from './stored.ts';

export interface ChangeOptions {
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly pause?: number | undefined;
}

/** One channel's change, for a line of summary. */
export interface ChannelChange {
  readonly channel: Channel;
  readonly before: Version;
  readonly after: Version;
}

export function entryOf(catalog: Catalog, channel: Channel): CatalogChannel {
  const entry = catalog.channels[channel];
  if (entry !== undefined) return entry;
  const there = Object.keys(catalog.channels);
  throw new Failure(`${channel} has no release yet.`, {
    remedy: there.length > 0 ? `Channels that have: ${there.join(', ')}.` : 'Publish and promote one first.',
    exitCode: EXIT.usage,
  });
}

/** Where a channel goes back to: the release named, or the newest one that is older than the current. */
function targetOf({ current, former }: CatalogChannel, channel: Channel, to: Version | undefined): Version {
  const older = former.filter(({ published }) => published < current.published);
  const newest = older.toSorted((a, b) => (a.published < b.published ? 1 : -1))[0];
  const target = to === undefined ? newest : former.find(({ version }) => version === to);
  if (target !== undefined) return target.version;
  const there = former.map(({ version }) => version).join(', ');
  throw new Failure(
    to === undefined ? `${channel} has no older release.` : `${to} is no former release of ${channel}.`,
    {
      remedy: there === '' ? 'There is nothing to go back to.' : `Former releases: ${there}.`,
      exitCode: EXIT.usage,
    },
  );
}

/**
 * Moves a channel back, by compare-and-swap. The release it leaves stays listed among the former ones.
 * @throws Failure when there is nothing to go back to, or it is not whole.
 */
export async function rollback(
  bucket: Bucket,
  channel: Channel,
  to: Version | undefined,
  { dryRun, ...options }: ChangeOptions,
): Promise<ChannelChange> {
  let change: ChannelChange | undefined;
  await changeCatalog(
    bucket,
    async (catalog) => {
      const entry = entryOf(catalog, channel);
      if (entry.current.version === to) {
        change = { channel, before: to, after: to };
        return undefined;
      }
      const version = targetOf(entry, channel, to);
      const manifest = await requireManifest(bucket, version);
      refuseCollected(catalog, manifest);
      await requireRelease(bucket, manifest);
      change = { channel, before: entry.current.version, after: version };
      if (dryRun) return undefined;
      const left = { version: entry.current.version, published: entry.current.published, promoted: entry.promoted };
      const former = [left, ...entry.former.filter((each) => each.version !== version)];
      const promoted = timeOf(new Date(Date.now() + bucket.clockOffset));
      return {
        ...catalog,
        channels: { ...catalog.channels, [channel]: { ...entry, promoted, current: manifest, former } },
      };
    },
    options,
  );
  if (change === undefined) throw new Failure(`${channel} could not be moved.`);
  return change;
}

async function requireManifest(bucket: Bucket, version: Version): Promise<Manifest> {
  const stored = await readManifest(bucket, version);
  if (stored !== undefined) return stored.manifest;
  throw new Failure(`The manifest of ${version} is missing.`, {
    remedy: 'Run `nixos-images verify`; the channel stays where it is.',
  });
}
