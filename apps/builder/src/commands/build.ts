import { type BuiltFile, type BuiltImage, type DescribedImage, describeImage, hashImage } from '../nix/output.ts';
import { realise } from '../nix/realise.ts';
import type { Run } from '../run.ts';
import type { ChannelPlan } from '../steps/plan.ts';
import { makePlans, type PlanOptions } from './plan.ts';

/**
 * Builds what a plan says, looks at what came out and hashes it.
 * @param onFile gets each file as soon as it is hashed; none before every output was found to be what its package promised.
 */
export async function buildPlanned(
  { config, progress, signal }: Run,
  plan: ChannelPlan,
  onFile: (file: BuiltFile) => void = () => {},
): Promise<BuiltImage[]> {
  const images = plan.images.filter(({ kept }) => kept === undefined).map(({ evaluated }) => evaluated);
  await realise(plan.channel, images, { cwd: config.folder, state: config.state, progress, signal });
  const described: DescribedImage[] = [];
  for (const image of images) described.push(await describeImage(image));
  const built: BuiltImage[] = [];
  // One after the other: hashing is bound by the processor, not by the disk.
  for (const image of described) {
    const hashed = await hashImage(image, { state: config.state, progress, signal });
    hashed.files.forEach(onFile);
    built.push(hashed);
  }
  return built;
}

/** `nixos-images build`: builds and hashes, and leaves the bucket alone. */
export async function buildCommand(command: Run, options: PlanOptions & { readonly dryRun?: boolean }) {
  const channels = [];
  for (const { plan } of await makePlans(command, options)) {
    if (plan.state !== 'to-release') {
      channels.push({ channel: plan.channel, state: plan.state, images: [] });
      continue;
    }
    const built = options.dryRun ? [] : await buildPlanned(command, plan);
    const images = built.map(({ evaluated: { facts, derivation, storePath }, files }) => ({
      kind: facts.kind,
      arch: facts.arch,
      variant: facts.variant,
      derivation,
      storePath,
      files: files.map(({ role, path, digest }) => ({ role, path, size: digest.size, sha256: digest.sha256 })),
    }));
    channels.push({
      channel: plan.channel,
      state: options.dryRun ? ('would-build' as const) : ('built' as const),
      images,
    });
  }
  const text = channels.map(({ channel, state, images }) =>
    [`${channel}: ${SAID[state]}`, ...images.map(({ storePath }) => `  ${storePath}`)].join('\n'),
  );
  return { json: { channels }, text: text.join('\n') };
}

const SAID = {
  unchanged: 'nothing to do',
  frozen: 'frozen: nothing to do',
  'to-release': 'to build',
  'would-build': 'would be built',
  built: 'built',
} as const;
