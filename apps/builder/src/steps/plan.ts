import {
  type Catalog,
  type Channel,
  type Image,
  isSameImage,
  type Manifest,
  type MenuAddress,
  type NixpkgsVersion,
} from '@nixos-images/shared';
import { type EvaluatedImage, evaluate } from '../nix/evaluate.ts';
import { menuOf } from '../nix/ipxe-files.ts';
import type { Run } from '../run.ts';
import { type SelectionOptions, selectImages, type WantedChannel } from '../selection.ts';
import { readCatalog } from '../store/stored.ts';

/** What is to be done about one image. */
export interface PlannedImage {
  readonly evaluated: EvaluatedImage;
  /** The current release's image, when it was made by the same derivation: it is kept as it is. */
  readonly kept: Image | undefined;
}

/** What is to be done about one channel. */
export interface ChannelPlan {
  readonly channel: Channel;
  /** That the images are packages of. */
  readonly flake: string;
  /** The release that the channel is at. */
  readonly current: Manifest | undefined;
  readonly images: readonly PlannedImage[];
  /** Images of the current release that the config no longer asks for. */
  readonly dropped: readonly Image[];
  readonly state: 'unchanged' | 'to-release' | 'frozen';
}

export interface PlanOptions extends SelectionOptions {
  /** Build images again that have not changed. */
  readonly all?: boolean | undefined;
}

/** Evaluates the selected images and compares them with what the channels are at. */
export async function planChannels(
  { config, bucket, progress, signal }: Run,
  options: PlanOptions,
): Promise<ChannelPlan[]> {
  const wanted = selectImages(config, options);
  const task = progress.begin('evaluate');
  const [catalog, evaluated] = await Promise.all([
    readCatalog(bucket),
    evaluate(
      wanted.filter((channel) => channel.config.frozen === undefined),
      { cwd: config.folder, signal },
    ),
  ]).finally(task.drop);
  // Dropped images are no news when the user asked for some images only.
  const narrowed = [options.kind, options.arch, options.variant].some((list) => list !== undefined && list.length > 0);
  return wanted.map((channel) => {
    const images = evaluated.get(channel.channel) ?? [];
    const plan = compare(channel, images, options.all ? undefined : catalog?.catalog, menuOf(config.edge));
    return narrowed ? { ...plan, dropped: [] } : plan;
  });
}

/** Compares what a channel should have with what its current release was built from. */
function compare(
  { channel, config }: WantedChannel,
  evaluated: readonly EvaluatedImage[],
  catalog: Catalog | undefined,
  menu: MenuAddress | undefined,
): ChannelPlan {
  const current = catalog?.channels[channel]?.current;
  const images = evaluated.map((image) => ({
    evaluated: image,
    kept: current?.images.find((former) => isKept(former, image, menu)),
  }));
  const dropped = (current?.images ?? []).filter(
    (former) => !evaluated.some(({ facts }) => isSameImage(facts, former)),
  );
  const unchanged = images.every(({ kept }) => kept !== undefined) && dropped.length === 0;
  const state = config.frozen !== undefined ? 'frozen' : unchanged ? 'unchanged' : 'to-release';
  return { channel, flake: config.flake, current, images, dropped, state };
}

/** Whether an image of the current release is what would be made anew: by the same derivation, and with the same menu's address in it. */
export function isKept(
  former: Image,
  { derivation }: Pick<EvaluatedImage, 'derivation'>,
  menu: MenuAddress | undefined,
): boolean {
  const { origin } = former;
  return origin.from === 'nix' && origin.derivation === derivation && (former.kind !== 'ipxe' || former.menu === menu);
}

/** The images that a plan builds. */
export function imagesToBuild({ images }: ChannelPlan): EvaluatedImage[] {
  return images.filter(({ kept }) => kept === undefined).map(({ evaluated }) => evaluated);
}

/** The version that a planned release gets at least; a number is added when it is taken. */
export function nixpkgsVersionOf({ images }: ChannelPlan): NixpkgsVersion | undefined {
  return images[0]?.evaluated.facts.nixpkgs.version;
}
