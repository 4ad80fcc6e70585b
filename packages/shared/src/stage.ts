import * as v from 'valibot';
import type { Channel } from './channel.ts';

/**
 * How far a channel is: upstream announces a new one weeks before its release (`beta`), releases it (`stable`), and ends it
 * (`frozen`: its last release stays). `withdrawn` is what should no longer be installed at all.
 */
export const STAGES = ['beta', 'stable', 'frozen', 'withdrawn'] as const;
export const Stage = v.picklist(STAGES);
export type Stage = v.InferOutput<typeof Stage>;

/** A channel with what decides which names mean it. */
export interface StagedChannel {
  readonly channel: Channel;
  readonly stage: Stage;
}

/** Moving names that mean the newest stable channel. */
const NEWEST_STABLE_ALIASES = ['latest', 'stable'] as const;

/** The stages that `latest` may go to, best first: a frozen channel is better than none, a beta is not what was asked for. */
const LATEST_STAGES: readonly Stage[] = ['stable', 'frozen'];

/**
 * The channel that `latest` and `stable` mean: the newest stable one among those that `has` says have what is asked for, so
 * that no address stops working on the day on which a channel comes that lacks an image. Undefined if none has it.
 */
export function latestChannel<Entry extends StagedChannel>(
  channels: readonly Entry[],
  has: (entry: Entry) => boolean = () => true,
): Entry | undefined {
  return LATEST_STAGES.flatMap((stage) =>
    channels
      .filter((entry) => entry.stage === stage && entry.channel !== 'nixos-unstable' && has(entry))
      .toSorted((left, right) => (left.channel < right.channel ? 1 : -1)),
  )[0];
}

/**
 * The channel that a name means: the channel itself, the part behind `nixos-` (`unstable`, `26.05`), or `latest` and `stable`.
 * A channel's own name means it at every stage: whoever types it has chosen. Undefined if it means none.
 */
export function channelNamed<Entry extends StagedChannel>(
  name: string,
  channels: readonly Entry[],
  has?: (entry: Entry) => boolean,
): Entry | undefined {
  if (NEWEST_STABLE_ALIASES.some((alias) => alias === name)) return latestChannel(channels, has);
  return channels.find(({ channel }) => channel === name || channel === `nixos-${name}`);
}

/** Every moving name of the channels that are not withdrawn, the ones for the newest stable first: what a user may type. */
export function namesOf(channels: readonly StagedChannel[]): string[] {
  const newest = latestChannel(channels) === undefined ? [] : NEWEST_STABLE_ALIASES;
  const own = channels
    .filter(({ stage }) => stage !== 'withdrawn')
    .map(({ channel }) => channel.slice('nixos-'.length));
  return [...newest, ...own];
}
