import type { Catalog, CatalogChannel, Channel, Manifest, Time, Version } from '@nixos-images/shared';
import { EXIT, Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { type CatalogOptions, type Changed, changeCatalog, requireEntry } from './catalog-change.ts';
import { refuseCollected } from './promote.ts';
import { requireRelease } from './read-back.ts';
import { readManifest, requireUnderstood } from './stored.ts';

/** One channel's change, for a line of summary. */
export interface ChannelChange {
  readonly channel: Channel;
  readonly before: Version;
  readonly after: Version;
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
  options: CatalogOptions,
): Promise<ChannelChange> {
  const change = async (catalog: Catalog, now: Time): Promise<Changed<ChannelChange>> => {
    const entry = requireEntry(catalog, channel);
    const { current } = entry;
    if (current.version === to) return { result: { channel, before: to, after: to } };
    const version = targetOf(entry, channel, to);
    const manifest = await requireManifest(bucket, version);
    refuseCollected(catalog, manifest);
    await requireRelease(bucket, manifest);
    const left = { version: current.version, published: current.published, promoted: entry.promoted };
    const former = [left, ...entry.former.filter((each) => each.version !== version)];
    const moved = { ...entry, promoted: now, current: manifest, former };
    return {
      catalog: { ...catalog, channels: { ...catalog.channels, [channel]: moved } },
      result: { channel, before: current.version, after: version },
    };
  };
  return changeCatalog(bucket, change, options);
}

async function requireManifest(bucket: Bucket, version: Version): Promise<Manifest> {
  const stored = await readManifest(bucket, version);
  if (stored !== undefined) return requireUnderstood(stored);
  throw new Failure(`The manifest of ${version} is missing.`, {
    remedy: 'Run `nixos-images verify`; the channel stays where it is.',
  });
}
