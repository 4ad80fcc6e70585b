import * as v from 'valibot';

/** A stream of releases: `nixos-unstable`, or a stable series such as `nixos-26.05`. */
export const Channel = v.pipe(
  v.string(),
  v.regex(/^nixos-(unstable|\d\d\.\d\d)$/, 'not a channel: expected nixos-unstable or nixos-YY.MM'),
  v.brand('Channel'),
);
export type Channel = v.InferOutput<typeof Channel>;

/** Moving names that mean the newest stable channel. */
export const NEWEST_STABLE_ALIASES = ['latest', 'stable'] as const;

/** The newest of the stable channels among those given; undefined if none is stable. */
export function newestStable(channels: readonly Channel[]): Channel | undefined {
  return channels
    .filter((channel) => channel !== 'nixos-unstable')
    .toSorted()
    .at(-1);
}

/**
 * The channel that a name means among the channels that exist: the channel itself, `latest` or `stable`
 * (newest stable), or the part behind `nixos-` (`unstable`, `26.05`). Undefined if it means none of them.
 */
export function channelOf(name: string, channels: readonly Channel[]): Channel | undefined {
  if (NEWEST_STABLE_ALIASES.some((alias) => alias === name)) return newestStable(channels);
  return channels.find((channel) => channel === name || channel === `nixos-${name}`);
}

/** Every moving name of the channels given, the ones for the newest stable first: what a user may type for them. */
export function aliasesOf(channels: readonly Channel[]): string[] {
  const newest = newestStable(channels) === undefined ? [] : NEWEST_STABLE_ALIASES;
  return [...newest, ...channels.map((channel) => channel.slice('nixos-'.length))];
}
