import * as v from 'valibot';
import { Channel } from './channel.ts';
import { Manifest } from './manifest.ts';
import { Mirror } from './mirror.ts';
import { latestChannel, Stage, type StagedChannel } from './stage.ts';
import { Version } from './version.ts';
import { Sha256, Time } from './words.ts';

/** A release that a channel was at before; its manifest is still in the bucket. */
export const FormerRelease = v.object({ version: Version, published: Time, promoted: Time });
export type FormerRelease = v.InferOutput<typeof FormerRelease>;

/** Whether a channel still gets releases. */
export const ChannelState = v.variant('status', [
  v.object({ status: v.literal('live') }),
  /** Upstream ended it; its last release stays, until `sunset` if there is one. */
  v.object({ status: v.literal('frozen'), since: Time, reason: v.string(), sunset: v.exactOptional(Time) }),
]);
export type ChannelState = v.InferOutput<typeof ChannelState>;

/** Where one channel is. */
export const CatalogChannel = v.object({
  /** Since when and why it is frozen. Edges older than stages know nothing else, so it says `frozen` for withdrawn channels, too. */
  state: ChannelState,
  /** Absent in catalogs older than stages: `stageOf` tells. */
  stage: v.exactOptional(Stage),
  /** When the channel was moved to its current release. */
  promoted: Time,
  /** The whole manifest of the current release: an edge answers any floating address after reading the catalog alone. */
  current: Manifest,
  /** Where the files of a release of this channel also are; stands here so that an edge knows when its bucket fails. */
  mirror: v.optional(Mirror),
  /** Newest first. */
  former: v.array(FormerRelease),
});
export type CatalogChannel = v.InferOutput<typeof CatalogChannel>;

/**
 * What a garbage collection is deleting just now. It stands in the catalog so that a promotion and a collection
 * cannot both succeed over the same blobs (docs/publishing.md).
 */
export const Collection = v.object({
  /** Tells one collection from another. */
  id: v.pipe(v.string(), v.minLength(1)),
  /** When the collection last said that it is alive. */
  renewed: Time,
  blobs: v.array(Sha256),
  releases: v.array(Version),
});
export type Collection = v.InferOutput<typeof Collection>;

/** `catalog.json`: which version each channel is at; the only object of the bucket that changes. */
export const Catalog = v.object({
  schema: v.literal(1),
  /** Grows by one with every write, so that no two states of the catalog have the same bytes, hence the same ETag. */
  generation: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  updated: Time,
  channels: v.record(Channel, CatalogChannel),
  /** Edges need not look at it. */
  collecting: v.optional(Collection),
});
export type Catalog = v.InferOutput<typeof Catalog>;

/** How far a channel is, and what readers are told of that. */
export interface Standing {
  readonly stage: Stage;
  readonly state: ChannelState;
}

/** How far a channel of a catalog is; past its sunset it is withdrawn. @param now milliseconds since 1970. */
export function stageOf({ stage, state }: Pick<CatalogChannel, 'stage' | 'state'>, now: number): Stage {
  if (state.status === 'live') return stage ?? 'stable';
  return state.sunset !== undefined && Date.parse(state.sunset) <= now ? 'withdrawn' : (stage ?? 'frozen');
}

/** A channel of a catalog with its stage. */
export interface CatalogStage extends StagedChannel {
  readonly entry: CatalogChannel;
}

/** The channels of a catalog with their stages, sorted by name: what names are looked up in. @param now milliseconds since 1970. */
export function stagedChannels(catalog: Catalog, now: number): CatalogStage[] {
  return channelsOf(catalog).flatMap((channel) => {
    const entry = catalog.channels[channel];
    return entry === undefined ? [] : [{ channel, stage: stageOf(entry, now), entry }];
  });
}

/**
 * The channels that are offered, as people look for them: the newest stable one that `has` says has what is asked for, then the others
 * from new to old. Withdrawn ones are not offered.
 */
export function byInterest(
  catalog: Catalog,
  now: number,
  has: (manifest: Manifest) => boolean = () => true,
): CatalogStage[] {
  const offered = stagedChannels(catalog, now).filter(({ stage }) => stage !== 'withdrawn');
  const latest = latestChannel(offered, ({ entry }) => has(entry.current));
  const others = offered.toReversed().filter((staged) => staged !== latest);
  return latest === undefined ? others : [latest, ...others];
}

/** The channels of a catalog, sorted by name. */
export function channelsOf(catalog: Catalog): Channel[] {
  return Object.keys(catalog.channels)
    .toSorted()
    .map((name) => v.parse(Channel, name));
}

/** Every version that a catalog names, current or former, with its channel. */
export function versionsOf(catalog: Catalog): { version: Version; channel: Channel }[] {
  return channelsOf(catalog).flatMap((channel) => {
    const entry = catalog.channels[channel];
    if (entry === undefined) return [];
    return [entry.current, ...entry.former].map(({ version }) => ({ version, channel }));
  });
}
