import { describe, expect, it } from 'vitest';
import { tarEntries } from './tar-entries.ts';

describe('tar entries', () => {
  it('do not end the archive', () => {
    const tar = tarEntries([
      { path: 'kexec/', content: undefined },
      { path: 'kexec/key', content: new TextEncoder().encode('x') },
    ]);
    expect(tar.length).toBe(3 * 512);
    for (let at = 0; at < tar.length; at += 512)
      expect(tar.subarray(at, at + 512).some((byte) => byte !== 0)).toBe(true);
  });
});
