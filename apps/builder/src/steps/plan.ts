import { type Catalog, type Channel, type Image, type Manifest, versionOf } from '@nixos-images/shared';
import type { EvaluatedImage } from '../nix/evaluate.ts';
import type { WantedChannel } from '../selection.ts';

/** What is to be done about one image. */
export interface PlannedImage {
  readonly evaluated: EvaluatedImage;
  /** The current release's image, when it was made by the same derivation: it is kept as it is. */
  readonly kept: Image | undefined;
}

/** What is to be done about one channel. */
export interface ChannelPlan {
  readonly channel: Channel;
  /** The release that the channel is at. */
  readonly current: Manifest | undefined;
  readonly images: readonly PlannedImage[];
  /** Images of the current release that the config no longer asks for. */
  readonly dropped: readonly Image[];
  readonly state: 'unchanged' | 'to-release' | 'frozen';
}

/** Compares what a channel should have with what its current release was built from. */
export function planChannel(
  { channel, config }: Pick<WantedChannel, 'channel' | 'config'>,
  evaluated: readonly EvaluatedImage[],
  catalog: Catalog | undefined,
): ChannelPlan {
  const current = catalog?.channels[channel]?.current;
  const images = evaluated.map((image) => ({
    evaluated: image,
    kept: current?.images.find(({ origin }) => origin.from === 'nix' && origin.derivation === image.derivation),
  }));
  const dropped = (current?.images ?? []).filter(
    (former) =>
      !evaluated.some(
        ({ facts }) => facts.kind === former.kind && facts.variant === former.variant && facts.arch === former.arch,
      ),
  );
  const unchanged = images.every(({ kept }) => kept !== undefined) && dropped.length === 0;
  const state = config.frozen !== undefined ? 'frozen' : unchanged ? 'unchanged' : 'to-release';
  return { channel, current, images, dropped, state };
}

/** The version that a planned release gets at least; a number is added when it is taken. */
export function nixpkgsVersionOf(plan: ChannelPlan) {
  return plan.images[0]?.evaluated.facts.nixpkgs.version;
}

/** `plan --json`: one channel. */
export function planJson(plan: ChannelPlan) {
  const nixpkgs = nixpkgsVersionOf(plan);
  return {
    channel: plan.channel,
    state: plan.state,
    current: plan.current?.version ?? null,
    candidate: plan.state === 'to-release' && nixpkgs !== undefined ? versionOf(nixpkgs, 1) : null,
    images: plan.images.map(({ evaluated: { facts, derivation, storePath }, kept }) => ({
      kind: facts.kind,
      arch: facts.arch,
      variant: facts.variant,
      smoke: facts.smoke,
      action: kept === undefined ? 'build' : 'keep',
      derivation,
      storePath,
    })),
    dropped: plan.dropped.map(({ kind, arch, variant }) => ({ kind, arch, variant })),
  };
}
