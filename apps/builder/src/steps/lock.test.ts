import { describe, expect, it } from 'vitest';
import { localFlakeFolder, lockChanges } from './lock.ts';

describe('localFlakeFolder', () => {
  it.each([
    ['path:.', '/etc/images'],
    ['path:../flake', '/etc/flake'],
    ['path:/srv/flake?dir=x', '/srv/flake'],
    ['.', '/etc/images'],
    ['./nix', '/etc/images/nix'],
    ['/srv/flake', '/srv/flake'],
  ])('finds %s', (flake, folder) => {
    expect(localFlakeFolder(flake, '/etc/images')).toBe(folder);
  });

  it.each(['github:you/nixos-images', 'git+https://example.org/x.git', 'nixos-images', 'gitlab:a/b?dir=./c'])(
    'leaves %s to whoever keeps it',
    (flake) => {
      expect(localFlakeFolder(flake, '/etc/images')).toBeUndefined();
    },
  );
});

describe('lockChanges', () => {
  const lock = (inputs: Record<string, string>) =>
    JSON.stringify({
      version: 7,
      root: 'root',
      nodes: {
        root: { inputs: Object.fromEntries(Object.keys(inputs).map((name) => [name, `${name}_2`])) },
        ...Object.fromEntries(Object.entries(inputs).map(([name, rev]) => [`${name}_2`, { locked: { rev } }])),
      },
    });

  it('names the inputs that moved, came and went', () => {
    const before = lock({ stable: 'aaaaaaaaaa', unstable: 'bbbbbbbbbb', old: 'cccccccccc' });
    const after = lock({ stable: 'aaaaaaaaaa', unstable: 'dddddddddd', fresh: 'eeeeeeeeee' });
    expect(lockChanges(before, after)).toEqual(['fresh new at eeeeeee', 'old gone', 'unstable bbbbbbb to ddddddd']);
  });

  it('finds nothing where there is no lock', () => {
    expect(lockChanges(undefined, undefined)).toEqual([]);
    expect(lockChanges(undefined, lock({ stable: 'aaaaaaaaaa' }))).toEqual(['stable new at aaaaaaa']);
  });
});
