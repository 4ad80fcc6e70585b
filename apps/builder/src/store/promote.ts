import {
  type Catalog,
  type CatalogChannel,
  type ChannelState,
  type Manifest,
  type Time,
  versionParts,
} from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { type CatalogOptions, type Changed, changeCatalog } from './catalog-change.ts';
import { requireRelease } from './read-back.ts';

export interface Promotion {
  readonly channel: Manifest['channel'];
  readonly version: Manifest['version'];
  /** What the channel was at before; undefined if it is new. */
  readonly before: Manifest['version'] | undefined;
  /** `behind`: the channel is at something newer already, and the release was listed among the former ones. */
  readonly outcome: 'promoted' | 'already-there' | 'behind';
}

/** Whether a release takes the place of another: newer nixpkgs; of one revision the higher number; else, of one day, made later. */
export function supersedes(candidate: Manifest, current: Manifest): boolean {
  const [left, right] = [versionParts(candidate.version), versionParts(current.version)];
  if (left.nixpkgs === right.nixpkgs) return left.number > right.number;
  // Revisions have no order, so between two of one day the time of publishing decides.
  const rank = ({ series, date }: typeof left, { published }: Manifest) => `${series} ${date} ${published}`;
  return rank(left, candidate) > rank(right, current);
}

/**
 * What a channel's entry becomes when a release is promoted: a pure merge, so that publishers who race end in the same
 * state whoever comes first: the newest is current, the others are former. Undefined when nothing changes.
 */
export function withPromoted(
  entry: CatalogChannel | undefined,
  manifest: Manifest,
  state: ChannelState,
  now: Time,
): { entry: CatalogChannel; outcome: 'promoted' | 'behind' } | undefined {
  if (entry === undefined) {
    return { entry: { state, promoted: now, current: manifest, former: [] }, outcome: 'promoted' };
  }
  const { current, former } = entry;
  if (current.version === manifest.version) return undefined;
  if (supersedes(manifest, current)) {
    const previous = { version: current.version, published: current.published, promoted: entry.promoted };
    const others = former.filter(({ version }) => version !== manifest.version && version !== current.version);
    return { entry: { state, promoted: now, current: manifest, former: [previous, ...others] }, outcome: 'promoted' };
  }
  if (former.some(({ version }) => version === manifest.version)) return undefined;
  const late = { version: manifest.version, published: manifest.published, promoted: now };
  const sorted = [...former, late].toSorted((a, b) => (a.published < b.published ? 1 : -1));
  return { entry: { ...entry, former: sorted }, outcome: 'behind' };
}

interface PromoteOptions extends CatalogOptions {
  /** What readers are told of the channel; default: what they were told before. */
  readonly state?: ChannelState;
}

/**
 * Moves a release's channel to it, by compare-and-swap on the catalog.
 * @throws Failure when a blob of it is gone, or is being collected just now.
 */
export async function promote(bucket: Bucket, manifest: Manifest, options: PromoteOptions = {}): Promise<Promotion> {
  const { channel, version } = manifest;
  const change = async (catalog: Catalog, now: Time): Promise<Changed<Promotion>> => {
    const entry = catalog.channels[channel];
    const merged = withPromoted(entry, manifest, options.state ?? entry?.state ?? { status: 'live' }, now);
    const before = entry?.current.version;
    if (merged === undefined) return { result: { channel, version, before, outcome: 'already-there' } };
    refuseCollected(catalog, manifest);
    // After the catalog was read: a collection that ends before this is seen here, one that begins later changes the
    // catalog and so makes the swap fail (docs/publishing.md).
    await requireRelease(bucket, manifest);
    const channels = { ...catalog.channels, [channel]: merged.entry };
    return { catalog: { ...catalog, channels }, result: { channel, version, before, outcome: merged.outcome } };
  };
  return changeCatalog(bucket, change, options);
}

/** @throws Failure when a collection that runs just now deletes something that the release needs. */
export function refuseCollected(catalog: Catalog, manifest: Manifest): void {
  const { collecting } = catalog;
  if (collecting === undefined) return;
  const blobs = new Set<string>(collecting.blobs);
  const needed = manifest.images.some(({ files }) => Object.values(files).some(({ sha256 }) => blobs.has(sha256)));
  if (!needed && !collecting.releases.includes(manifest.version)) return;
  throw new Failure(`A garbage collection is deleting what ${manifest.version} needs.`, {
    remedy: `Let it end (or run \`nixos-images gc --delete\` to end one that was killed), then publish ${manifest.channel} again.`,
  });
}
