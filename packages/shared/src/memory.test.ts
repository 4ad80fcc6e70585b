import { describe, expect, it } from 'vitest';
import type { Image } from './manifest.ts';
import { formatMemory, memoryNeeded } from './memory.ts';
import { sampleRelease } from './testing/sample-release.ts';

const MIB = 1024 * 1024;
const { manifest } = await sampleRelease({
  version: '26.05.20260820.e17386d',
  channel: 'nixos-26.05',
  size: 64,
  published: '2026-08-20T00:00:00.000Z',
});

function sized(kind: Image['kind'], kernel: number, rest: number): Image {
  const image = manifest.images.find((each) => each.kind === kind);
  if (image === undefined) throw new Error(`the sample has every kind, also ${kind}`);
  switch (image.kind) {
    case 'kexec':
      return { ...image, files: { tarball: { ...image.files.tarball, size: (kernel + rest) * MIB } } };
    case 'ipxe':
      return image;
    case 'iso':
      return { ...image, files: { iso: { ...image.files.iso, size: (kernel + rest) * MIB } } };
    case 'netboot': {
      const { files } = image;
      return {
        ...image,
        files: { kernel: { ...files.kernel, size: kernel * MIB }, initrd: { ...files.initrd, size: rest * MIB } },
      };
    }
  }
}

describe('the memory that an image needs', () => {
  it.each([
    // Measured (docs/kexec.md): the smoke image boots from 176 MiB on.
    ['netboot', 14, 9, 256],
    // Measured for kexec: an initrd of 365 MB came up with 1536 MiB, and ran out of memory with 1280.
    ['netboot', 14, 348, 1536],
    ['kexec', 14, 9, 256],
    ['netboot', 14, 1000, 4352],
  ] as const)('of %s with a kernel of %i MiB and %i MiB beside it is %i MiB', (kind, kernel, rest, memory) => {
    expect(memoryNeeded(sized(kind, kernel, rest))).toBe(memory);
  });

  it('is less for an initrd that says that it hardly grows, as one does that holds a packed system', () => {
    const image = sized('netboot', 14, 1000);
    if (image.kind !== 'netboot') throw new Error('asked for netboot');
    expect(memoryNeeded({ ...image, unpacked: 1100 * MIB })).toBe(2304);
  });

  it('of an ISO cannot be told from its size', () => {
    expect(memoryNeeded(sized('iso', 14, 1000))).toBeUndefined();
  });

  it('is said as people say it', () => {
    expect([256, 768, 1024, 1536, 4352].map(formatMemory)).toEqual(['256 MB', '768 MB', '1 GB', '1.5 GB', '4.25 GB']);
  });
});
