import { latestChannel, type Manifest } from '@nixos-images/shared';
import { stagedConfig } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import { githubAccessFrom } from '../github/access.ts';
import { type Mirrored, mirrorRelease } from '../github/mirror.ts';
import { GithubReleases } from '../github/releases.ts';
import type { Run } from '../run.ts';

/** What the config says of the mirror. */
type MirrorConfig = NonNullable<Run['config']['mirror']>;

/** @throws Failure (exit 2) when the config names no mirror. */
export function requireMirror({ config }: Run): MirrorConfig {
  if (config.mirror !== undefined) return config.mirror;
  throw new Failure('The config names no mirror.', {
    remedy: "Add: mirror: { repository: 'owner/name', rolling: true }.",
    exitCode: EXIT.usage,
  });
}

/** Copies what a channel is at to the mirror. */
export async function mirrorCurrent(run: Run, manifest: Manifest): Promise<Mirrored> {
  const { config, bucket, progress, signal } = run;
  const { repository, rolling } = requireMirror(run);
  const releases = new GithubReleases(repository, { access: githubAccessFrom(process.env), progress, signal });
  const latest = latestChannel(stagedConfig(config))?.channel === manifest.channel;
  return mirrorRelease(manifest, { releases, bucket, progress, rolling, latest });
}
