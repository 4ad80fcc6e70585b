import { type Channel, GithubTag, type Manifest, newestStable } from '@nixos-images/shared';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import { githubAccessFrom } from '../github/access.ts';
import { type Mirrored, mirrorRelease } from '../github/mirror.ts';
import { type LeftOut, mirrorAssets } from '../github/mirror-assets.ts';
import { GithubReleases } from '../github/releases.ts';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Run } from '../run.ts';
import { selectChannels } from '../selection.ts';
import { readCatalog } from '../store/stored.ts';

export interface MirrorCommandOptions {
  readonly dryRun?: boolean;
}

/** Copies what a channel is at to the config's mirror; undefined when the config has none. */
export async function mirrorCurrent(command: Run, manifest: Manifest): Promise<Mirrored | undefined> {
  const { config, bucket, progress, signal } = command;
  if (config.mirror === undefined) return undefined;
  const { repository, rolling } = config.mirror;
  const releases = new GithubReleases(repository, { access: githubAccessFrom(process.env), progress, signal });
  const latest = newestStable(selectChannels(config, [])) === manifest.channel;
  return mirrorRelease(manifest, { releases, bucket, progress, rolling, latest });
}

/** `nixos-images mirror [CHANNEL …]`: brings what the channels are at to GitHub. */
export async function mirrorCommand(command: Run, names: readonly string[], options: MirrorCommandOptions) {
  const { config, bucket } = command;
  if (config.mirror === undefined) {
    throw new Failure('The config names no mirror.', {
      remedy: "Add: mirror: { repository: 'owner/name', rolling: true }.",
      exitCode: EXIT.usage,
    });
  }
  const catalog = (await readCatalog(bucket))?.catalog;
  const lines: string[] = [];
  const channels = [];
  for (const channel of selectChannels(config, names)) {
    const manifest = catalog?.channels[channel]?.current;
    if (manifest === undefined) {
      lines.push(`${channel}: has no release yet, nothing to mirror`);
      channels.push({ channel, state: 'empty' as const });
      continue;
    }
    const { version } = manifest;
    if (options.dryRun) {
      const tag = v.parse(GithubTag, version);
      const { assets, leftOut } = mirrorAssets(manifest, tag);
      lines.push(
        `${channel}: ${formatCount(assets.length, 'asset')} of ${version} would be in ${config.mirror.repository}`,
      );
      lines.push(...leftOutLines(leftOut));
      channels.push({
        channel,
        version,
        state: 'would-mirror' as const,
        assets: assets.map(({ name }) => name),
        leftOut,
      });
      continue;
    }
    const mirrored = await mirrorCurrent(command, manifest);
    if (mirrored === undefined) continue;
    const { mirror, ...counts } = mirrored;
    lines.push(mirroredText(channel, mirrored));
    channels.push({ channel, version, state: 'mirrored' as const, tag: mirror.tag, ...counts });
  }
  return { json: { repository: config.mirror.repository, channels }, text: lines.join('\n') };
}

/** One line on what mirroring did, and one for each file left out. */
export function mirroredText(channel: Channel, mirrored: Mirrored): string {
  const { mirror, rollingTag, uploadedAssets, uploadedBytes, leftOut } = mirrored;
  const tags = rollingTag === undefined ? mirror.tag : `${mirror.tag} and ${rollingTag}`;
  const did =
    uploadedAssets === 0
      ? 'nothing to upload'
      : `${formatCount(uploadedAssets, 'asset')} uploaded (${formatBytes(uploadedBytes)})`;
  return [`${channel}: in ${mirror.repository} under ${tags}, ${did}`, ...leftOutLines(leftOut)].join('\n');
}

function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  return leftOut.map(({ name, reason }) => `  left out: ${name}: ${reason}`);
}
