import * as v from 'valibot';
import { GithubRepository, GithubTag } from './github-repository.ts';
import { FileName } from './manifest.ts';
import { Version } from './version.ts';
import { Sha256, Time } from './words.ts';

/** One file of a release as the mirror has it. */
export const MirroredFile = v.object({
  /** Its name in the manifest; the mirror's own name is the end of `url`. */
  name: FileName,
  /** Where anybody can download it; answers with a redirect. */
  url: v.pipe(v.string(), v.url(), v.regex(/^https?:\/\/[!-~]+$/)),
  /** Bytes. */
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  sha256: Sha256,
});
export type MirroredFile = v.InferOutput<typeof MirroredFile>;

/**
 * `releases/<version>/mirror.json`: the complete public copy of a release on GitHub, under a tag that never moves. It is
 * written when the copy is complete and public, so an edge whose bucket fails can send people there.
 */
export const Mirror = v.object({
  schema: v.literal(1),
  version: Version,
  repository: GithubRepository,
  tag: GithubTag,
  mirrored: Time,
  files: v.array(MirroredFile),
});
export type Mirror = v.InferOutput<typeof Mirror>;
