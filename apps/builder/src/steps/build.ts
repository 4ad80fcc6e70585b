import { type Arch, isSameImage } from '@nixos-images/shared';
import { type Failure, failureIn } from '../failure.ts';
import { type DescribedImage, describeImage } from '../nix/output.ts';
import { dropStaleRoots, realise } from '../nix/realise.ts';
import type { Run } from '../run.ts';
import { type ChannelPlan, imagesToBuild } from './plan.ts';

/** A plan whose images are built: each is what its package promised, and none has been read yet. */
export interface Built {
  readonly plan: ChannelPlan;
  readonly images: readonly DescribedImage[];
}

/** The same, without the architectures that do not build: these keep the images of the current release, if there is one. */
export interface BuiltInPart extends Built {
  readonly failed: ReadonlyMap<Arch, Failure>;
}

/** Builds what a plan says, and looks at what came out. */
export async function build(run: Run, plan: ChannelPlan): Promise<Built> {
  const images = await buildImages(run, plan);
  await dropStaleRoots(run.config, plan.channel);
  return { plan, images };
}

/**
 * Builds every architecture by itself, so that one that does not build does not hold the others back; at the same time, so that none of
 * their derivations lies about for hours, where a collection could take it away.
 * @throws the failure of the first when none builds.
 */
export async function buildWhatBuilds(run: Run, plan: ChannelPlan): Promise<BuiltInPart> {
  const failed = new Map<Arch, Failure>();
  const byArch = Map.groupBy(plan.images, ({ evaluated }) => evaluated.facts.arch);
  const built = await Promise.all(
    [...byArch].map(([arch, images]) =>
      buildImages(run, { ...plan, images }, arch).catch((error: unknown) => {
        run.signal.throwIfAborted();
        failed.set(arch, failureIn(error));
        return [];
      }),
    ),
  );
  const [first] = failed.values();
  if (first !== undefined && failed.size === byArch.size) throw first;
  if (first === undefined) await dropStaleRoots(run.config, plan.channel);
  return { plan: withFormer(plan, failed), images: built.flat(), failed };
}

async function buildImages(run: Run, plan: ChannelPlan, arch?: Arch): Promise<DescribedImage[]> {
  const { config, progress, signal } = run;
  const images = imagesToBuild(plan);
  const title = `build ${[plan.channel, arch].filter(Boolean).join(' ')}`;
  await realise(plan.channel, images, { title, cwd: config.folder, state: config.state, progress, signal });
  const described: DescribedImage[] = [];
  for (const image of images) described.push(await describeImage(image));
  return described;
}

/** A sentence for every architecture that did not build. */
export function buildProblems({ plan, failed }: BuiltInPart): string[] {
  const rest = plan.current === undefined ? 'is left out' : `stays as in ${plan.current.version}`;
  return [...failed].map(([arch, failure]) => `${arch} does not build and ${rest}: ${failure.sentence}`);
}

/** A plan in which some architectures keep the images of the current release; what is not in that release is left out. */
function withFormer(plan: ChannelPlan, arches: ReadonlyMap<Arch, unknown>): ChannelPlan {
  const images = plan.images.flatMap((image) => {
    const { facts } = image.evaluated;
    if (!arches.has(facts.arch)) return [image];
    const kept = plan.current?.images.find((former) => isSameImage(former, facts));
    return kept === undefined ? [] : [{ ...image, kept }];
  });
  return { ...plan, images };
}
