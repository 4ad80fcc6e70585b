import type { BootRecord, Image, Manifest } from '@nixos-images/shared';
import type { ImageDescription } from './descriptions.ts';

/** Tells in JSON what an address gives. */
export function describeImage(
  manifest: Manifest,
  image: Image,
  pinned: string,
  file: ImageDescription['file'],
  boot: BootRecord | undefined,
  customisation: ImageDescription['customisation'],
): ImageDescription {
  const { channel, version, smoke, published, nixpkgs } = manifest;
  const { kind, arch, variant, origin } = image;
  return {
    pinned,
    kind,
    arch,
    variant,
    channel,
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
