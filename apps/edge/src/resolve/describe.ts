import type { BootRecord, ChannelState, Image, Manifest } from '@nixos-images/shared';
import type { ImageDescription } from './descriptions.ts';

/** What is known of an address beside the manifest. */
export interface Known extends Pick<ImageDescription, 'pinned' | 'file' | 'customisation'> {
  /** Undefined if the catalog no longer has the channel. */
  readonly state: ChannelState | undefined;
  readonly boot: BootRecord | undefined;
}

/** Tells in JSON what an address gives. */
export function describeImage(
  manifest: Manifest,
  image: Image,
  { pinned, file, state, boot, customisation }: Known,
): ImageDescription {
  const { channel, version, smoke, published, nixpkgs } = manifest;
  const { kind, arch, variant, origin } = image;
  return {
    pinned,
    kind,
    arch,
    variant,
    channel,
    state: state ?? null,
    version,
    smoke,
    published,
    nixpkgs: nixpkgs ?? null,
    origin,
    file,
    customisationArea: image.kind === 'iso' ? (image.customisation ?? null) : null,
    customisation,
    boot: boot === undefined ? null : describeBoot(boot, image),
  };
}

function describeBoot(boot: BootRecord, image: Image): ImageDescription['boot'] {
  if (boot.gate === 'skipped') return { time: boot.time, skipped: boot.reason, tools: {}, tests: [] };
  const tests = boot.tests
    .filter(({ kind, arch, variant }) => kind === image.kind && arch === image.arch && variant === image.variant)
    .map((test) => ({
      path: test.path,
      outcome: test.outcome,
      seconds: test.outcome === 'booted' ? test.seconds : null,
      reason: test.outcome === 'booted' ? null : test.reason,
    }));
  return { time: boot.time, skipped: null, tools: boot.tools, tests };
}
