import { menuAddress } from '@nixos-images/shared';
import { sampleRelease } from '@nixos-images/shared/testing';
import { describe, expect, it } from 'vitest';
import { isKept } from './plan.ts';

const { manifest } = await sampleRelease({
  version: '26.05.20260820.e17386d',
  channel: 'nixos-26.05',
  size: 64,
  published: '2026-08-20T00:00:00.000Z',
});
const built = menuAddress('https://built.example');
const elsewhere = menuAddress('https://elsewhere.example');

describe('an image of the current release', () => {
  it.each(manifest.images.map((image) => [image.kind, image] as const))(
    'is kept as it is when the same derivation would make it: %s',
    (kind, image) => {
      if (image.origin.from !== 'nix') throw new Error('samples are of Nix');
      const same = { derivation: image.origin.derivation };
      const menu = image.kind === 'ipxe' ? image.menu : built;
      expect(isKept(image, same, menu)).toBe(true);
      expect(isKept(image, { derivation: `${same.derivation}-other` }, menu)).toBe(false);
      // What leads to a server is made anew when that one has moved.
      expect(isKept(image, same, elsewhere)).toBe(kind !== 'ipxe');
    },
  );
});
