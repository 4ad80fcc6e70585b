import { imageIdOf } from '@nixos-images/shared';
import type { Run } from '../run.ts';
import { build } from '../steps/build.ts';
import { hashImages } from '../steps/hash.ts';
import { type PlanOptions, planChannels } from '../steps/plan.ts';

/** `nixos-images build`: builds and hashes, and leaves the bucket alone. */
export async function buildCommand(run: Run, options: PlanOptions & { readonly dryRun?: boolean | undefined }) {
  const channels = [];
  for (const plan of await planChannels(run, options)) {
    const { channel } = plan;
    if (plan.state !== 'to-release') {
      channels.push({ channel, state: plan.state, images: [] });
      continue;
    }
    if (options.dryRun) {
      channels.push({ channel, state: 'would-build' as const, images: [] });
      continue;
    }
    const hashed = await hashImages(run, (await build(run, plan)).images);
    const images = hashed.map(({ evaluated: { facts, derivation, storePath }, files }) => ({
      ...imageIdOf(facts),
      derivation,
      storePath,
      files: files.map(({ role, path, digest }) => ({ role, path, size: digest.size, sha256: digest.sha256 })),
    }));
    channels.push({ channel, state: 'built' as const, images });
  }
  const text = channels.map(({ channel, state, images }) =>
    [`${channel}: ${SAID[state]}`, ...images.map(({ storePath }) => `  ${storePath}`)].join('\n'),
  );
  return { json: { channels }, text: text.join('\n') };
}

const SAID = {
  unchanged: 'nothing to do',
  frozen: 'frozen: nothing to do',
  'would-build': 'would be built',
  built: 'built',
} as const;
