import { Channel, GithubRepository, Kind, Stage, Version } from '@nixos-images/shared';
import * as v from 'valibot';

const Facts = {
  tag: v.string(),
  channel: Channel,
  version: Version,
  images: v.array(Kind),
  /** Of all files. */
  bytes: v.number(),
  downloadedBytes: v.number(),
  /** Assets that GitHub has no digest of; only their sizes could be checked. */
  withoutDigest: v.array(v.string()),
  leftOut: v.array(v.object({ name: v.string(), reason: v.string() })),
};

/** `import --json`. */
export const ImportReport = v.object({
  repository: GithubRepository,
  dryRun: v.boolean(),
  releases: v.array(
    v.variant('state', [
      v.object({ ...Facts, state: v.literal('would-import') }),
      v.object({
        ...Facts,
        state: v.literal('imported'),
        /** False when the very same release was in the bucket already. */
        created: v.boolean(),
        /** With `--promote`. */
        promotion: v.exactOptional(
          v.object({
            channel: Channel,
            version: Version,
            before: v.nullable(Version),
            outcome: v.picklist(['promoted', 'already-there', 'behind', 'staged']),
            stage: Stage,
          }),
        ),
      }),
      v.object({ tag: v.string(), state: v.literal('failed'), reason: v.string() }),
    ]),
  ),
});
export type ImportReport = v.InferOutput<typeof ImportReport>;
