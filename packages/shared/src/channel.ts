import * as v from 'valibot';

/** A stream of releases: `nixos-unstable`, or a stable series such as `nixos-26.05`. */
export const Channel = v.pipe(
  v.string(),
  v.regex(/^nixos-(unstable|\d\d\.\d\d)$/, 'not a channel: expected nixos-unstable or nixos-YY.MM'),
  v.brand('Channel'),
);
export type Channel = v.InferOutput<typeof Channel>;
