import { GithubTag } from '@nixos-images/shared';
import * as v from 'valibot';
import { mirrorAssets } from '../github/mirror-assets.ts';
import { formatCount } from '../progress/format.ts';
import { leftOutPhrases, mirrorPhrases } from '../report/phrases.ts';
import type { Run } from '../run.ts';
import { selectChannels } from '../selection.ts';
import { mirrorCurrent, requireMirror } from '../steps/mirror.ts';
import { readCatalog } from '../store/stored.ts';

export interface MirrorCommandOptions {
  readonly dryRun?: boolean | undefined;
}

/** `nixos-images mirror [CHANNEL …]`: brings what the channels are at to GitHub. */
export async function mirrorCommand(run: Run, names: readonly string[], options: MirrorCommandOptions) {
  const { repository } = requireMirror(run);
  const catalog = (await readCatalog(run.bucket))?.catalog;
  const lines: string[] = [];
  const channels = [];
  for (const channel of selectChannels(run.config, names)) {
    const manifest = catalog?.channels[channel]?.current;
    if (manifest === undefined) {
      lines.push(`${channel}: has no release yet, nothing to mirror`);
      channels.push({ channel, state: 'empty' as const });
      continue;
    }
    const { version } = manifest;
    if (options.dryRun) {
      const { assets, leftOut } = mirrorAssets(manifest, v.parse(GithubTag, version));
      const count = formatCount(assets.length, 'asset');
      lines.push(`${channel}: ${count} of ${version} would be in ${repository}`, ...indented(leftOutPhrases(leftOut)));
      const names = assets.map(({ name }) => name);
      channels.push({ channel, version, state: 'would-mirror' as const, assets: names, leftOut });
      continue;
    }
    const mirrored = await mirrorCurrent(run, manifest);
    const { mirror, ...counts } = mirrored;
    const [did, ...leftOut] = mirrorPhrases(mirrored);
    lines.push(`${channel}: ${did}`, ...indented(leftOut));
    channels.push({ channel, version, state: 'mirrored' as const, tag: mirror.tag, ...counts });
  }
  return { json: { repository, channels }, text: lines.join('\n') };
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
