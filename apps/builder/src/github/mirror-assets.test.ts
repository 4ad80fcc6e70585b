import { Manifest } from '@nixos-images/shared';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { LARGEST_ASSET, mirrorAssets } from './mirror-assets.ts';

const BASE = 'https://example.org/releases';
const version = '26.05.20260820.e17386d';
const origin = {
  from: 'nix',
  storePath: '/nix/store/x',
  derivation: '/nix/store/x.drv',
  kernelVersion: '6.12',
};

function file(kind: string, variant: string, ending: string, size: number) {
  const name = `nixos-${kind}-${version}-x86_64-${variant}${ending}`;
  return { name, size, sha256: 'ab'.repeat(32), mediaType: 'application/octet-stream' };
}

/** A release of an ISO and a netboot image, of these sizes in bytes. */
function manifest({ iso = 1000, initrd = 1000 }: { iso?: number; initrd?: number }): Manifest {
  const common = { arch: 'x86_64', variant: 'interactive', origin };
  const [init, kernelParams] = ['/init', ['console=ttyS0']];
  const netboot = {
    kernel: file('netboot', 'interactive', '-kernel', 1000),
    initrd: file('netboot', 'interactive', '-initrd', initrd),
  };
  return v.parse(Manifest, {
    schema: 1,
    version,
    channel: 'nixos-26.05',
    smoke: false,
    published: '2026-08-20T04:05:06.000Z',
    images: [
      { ...common, kind: 'iso', files: { iso: file('iso', 'interactive', '.iso', iso) } },
      { ...common, kind: 'netboot', files: netboot, init, kernelParams },
    ],
  });
}

const names = (of: Manifest) => mirrorAssets(of, BASE).assets.map(({ name }) => name);

describe('the mirror', () => {
  it('takes a file of one byte less than 2 GiB', () => {
    expect(LARGEST_ASSET).toBe(2 * 1024 ** 3 - 1);
    expect(mirrorAssets(manifest({ iso: LARGEST_ASSET }), BASE).leftOut).toEqual([]);
    expect(names(manifest({ iso: LARGEST_ASSET }))).toContain('nixos-installer-x86_64-linux.iso');
  });

  it('leaves a file of 2 GiB out, and says which and why', () => {
    const of = manifest({ iso: 2 * 1024 ** 3 });
    const { leftOut } = mirrorAssets(of, BASE);
    expect(names(of)).not.toContain('nixos-installer-x86_64-linux.iso');
    expect(leftOut).toEqual([
      { name: `nixos-iso-${version}-x86_64-interactive.iso`, reason: 'larger than GitHub takes (2 GiB)' },
    ]);
  });

  it('has no netboot script that points to an initrd which is not there', () => {
    expect(names(manifest({ initrd: 2 * 1024 ** 3 }))).toEqual([
      'nixos-installer-x86_64-linux.iso',
      'bzImage-x86_64-linux',
    ]);
  });
});
