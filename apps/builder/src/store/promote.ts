import {
  type Catalog,
  type CatalogChannel,
  type Channel,
  compareImageIds,
  filesOf,
  formatImageId,
  type ImageId,
  isSameImage,
  latestChannel,
  type Manifest,
  type Stage,
  type Standing,
  stagedChannels,
  stageOf,
  type Time,
  versionParts,
} from '@nixos-images/shared';
import { EXIT, Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { type CatalogOptions, type Changed, changeCatalog } from './catalog-change.ts';
import { requireRelease } from './read-back.ts';

export interface Promotion {
  readonly channel: Manifest['channel'];
  readonly version: Manifest['version'];
  /** What the channel was at before; undefined if it is new. */
  readonly before: Manifest['version'] | undefined;
  /** `behind`: the channel is at something newer already, and the release was listed among the former ones. */
  /** `staged`: the channel is at the release already, and at another stage from now on. */
  readonly outcome: 'promoted' | 'already-there' | 'behind' | 'staged';
  /** How far the channel is afterwards. */
  readonly stage: Stage;
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
  standing: Standing,
  now: Time,
): { entry: CatalogChannel; outcome: 'promoted' | 'behind' | 'staged' } | undefined {
  if (entry === undefined) {
    return { entry: { ...standing, promoted: now, current: manifest, former: [] }, outcome: 'promoted' };
  }
  const { current, former } = entry;
  if (current.version === manifest.version) {
    const same = stageOf(entry, Date.parse(now)) === standing.stage;
    return same ? undefined : { entry: { ...entry, ...standing }, outcome: 'staged' };
  }
  if (supersedes(manifest, current)) {
    const previous = { version: current.version, published: current.published, promoted: entry.promoted };
    const others = former.filter(({ version }) => version !== manifest.version && version !== current.version);
    return {
      entry: { ...standing, promoted: now, current: manifest, former: [previous, ...others] },
      outcome: 'promoted',
    };
  }
  if (former.some(({ version }) => version === manifest.version)) return undefined;
  const late = { version: manifest.version, published: manifest.published, promoted: now };
  const sorted = [...former, late].toSorted((a, b) => (a.published < b.published ? 1 : -1));
  return { entry: { ...entry, former: sorted }, outcome: 'behind' };
}

interface PromoteOptions extends CatalogOptions {
  /** What readers are told of the channel; default: what they were told before. */
  readonly standing?: Standing;
  /** Images that the newest stable channel may go without from now on. */
  readonly dropImages?: readonly ImageId[];
}

/**
 * Moves a release's channel to it, by compare-and-swap on the catalog.
 * @throws Failure when a blob of it is gone, or is being collected just now; when the channel is withdrawn; when `latest` would lose images.
 */
export async function promote(bucket: Bucket, manifest: Manifest, options: PromoteOptions = {}): Promise<Promotion> {
  const { channel, version } = manifest;
  const change = async (catalog: Catalog, now: Time): Promise<Changed<Promotion>> => {
    const entry = catalog.channels[channel];
    const time = Date.parse(now);
    const former: Standing = entry === undefined ? NEW : { stage: stageOf(entry, time), state: entry.state };
    if (former.stage === 'withdrawn') throw isWithdrawn(channel);
    const { stage } = options.standing ?? former;
    const merged = withPromoted(entry, manifest, options.standing ?? former, now);
    const before = entry?.current.version;
    if (merged === undefined) return { result: { channel, version, before, stage, outcome: 'already-there' } };
    refuseCollected(catalog, manifest);
    // After the catalog was read: a collection that ends before this is seen here, one that begins later changes the
    // catalog and so makes the swap fail (docs/publishing.md).
    await requireRelease(bucket, manifest);
    const after = { ...catalog, channels: { ...catalog.channels, [channel]: merged.entry } };
    refuseDropped(catalog, after, time, options.dropImages ?? []);
    return { catalog: after, result: { channel, version, before, stage, outcome: merged.outcome } };
  };
  return changeCatalog(bucket, change, options);
}

/** What a channel is that nobody said anything of. */
const NEW: Standing = { stage: 'stable', state: { status: 'live' } };

function isWithdrawn(channel: Channel): Failure {
  return new Failure(`${channel} is withdrawn.`, {
    remedy: `To bring it back: nixos-images withdraw ${channel} --undo`,
    exitCode: EXIT.usage,
  });
}

/**
 * @throws Failure when `latest` moves, and what it moves to lacks images that it gives today. Addresses of those images would go on with
 * an older channel, or end.
 */
function refuseDropped(before: Catalog, after: Catalog, now: number, meant: readonly ImageId[]): void {
  const [from, to] = [before, after].map((catalog) => latestChannel(stagedChannels(catalog, now)));
  if (from === undefined || to === undefined) return;
  const dropped = from.entry.current.images.filter(
    (image) => ![...to.entry.current.images, ...meant].some((other) => isSameImage(image, other)),
  );
  if (dropped.length === 0) return;
  const names = dropped.toSorted(compareImageIds).map(formatImageId).join(', ');
  const flags = dropped.map(({ kind, arch, variant }) => `--drop-image ${kind}/${arch}/${variant}`).join(' ');
  const how =
    to.channel === from.channel ? 'publish them as well' : `publish them as well, or give ${to.channel} the stage beta`;
  throw new Failure(`latest would mean ${to.entry.current.version}, which has no ${names}.`, {
    remedy: `They are in ${from.entry.current.version}, which latest means today: ${how}. If it is meant: ${flags}`,
  });
}

/** @throws Failure when a collection that runs just now deletes something that the release needs. */
export function refuseCollected(catalog: Catalog, manifest: Manifest): void {
  const { collecting } = catalog;
  if (collecting === undefined) return;
  const blobs = new Set<string>(collecting.blobs);
  const needed = manifest.images.flatMap(filesOf).some(({ file }) => blobs.has(file.sha256));
  if (!needed && !collecting.releases.includes(manifest.version)) return;
  throw new Failure(`A garbage collection is deleting what ${manifest.version} needs.`, {
    remedy: `Let it end (or run \`nixos-images gc --delete\` to end one that was killed), then publish ${manifest.channel} again.`,
  });
}
