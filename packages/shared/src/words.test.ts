import { describe, expect, it } from 'vitest';
import { ARCHES, parseArch, systemOf } from './words.ts';

describe('parseArch', () => {
  it.each([
    ['x86_64', 'x86_64'],
    ['amd64', 'x86_64'],
    ['X64', 'x86_64'],
    ['X86_64-Linux', 'x86_64'],
    ['arm64', 'aarch64'],
    ['AARCH64', 'aarch64'],
    ['aarch64-linux', 'aarch64'],
  ])('reads %s as %s', (spelling, arch) => {
    expect(parseArch(spelling)).toBe(arch);
  });

  it.each(['', 'i686', 'riscv64', 'x86_64-darwin', 'constructor', '__proto__'])(
    'knows no architecture %j',
    (spelling) => {
      expect(parseArch(spelling)).toBeUndefined();
    },
  );

  it('reads the Nix system of every architecture as that architecture', () => {
    for (const arch of ARCHES) expect(parseArch(systemOf(arch))).toBe(arch);
  });
});
