import { KernelParam } from '@nixos-images/shared';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { formatNetbootScript, parseNetbootScript } from './netboot-script.ts';

const kernelLine = (rest: string) =>
  `#!ipxe\nkernel https://example.org/bzImage-x86_64-linux ${rest}\ninitrd x\nboot\n`;

describe('parseNetbootScript', () => {
  it("reads a script of today's releases", () => {
    const script = `#!ipxe
# Use the cmdline variable to allow the user to specify custom kernel params
kernel https://github.com/nix-community/nixos-images/releases/download/nixos-unstable/bzImage-x86_64-linux init=/nix/store/zd-nixos-system-nixos-26.11pre56789.gfedcba/init initrd=initrd-x86_64-linux nohibernate loglevel=4 lsm=landlock,yama,bpf \${cmdline}
initrd https://github.com/nix-community/nixos-images/releases/download/nixos-unstable/initrd-x86_64-linux
boot
`;
    expect(parseNetbootScript(script)).toEqual({
      init: '/nix/store/zd-nixos-system-nixos-26.11pre56789.gfedcba/init',
      kernelParams: ['nohibernate', 'loglevel=4', 'lsm=landlock,yama,bpf'],
    });
  });

  it('reads back what formatNetbootScript writes', () => {
    const param = fc
      .stringMatching(/^[a-z][a-z0-9._]{0,10}(=[a-z0-9,:/]{0,10})?$/)
      .filter((word) => v.is(KernelParam, word) && !/^(init|initrd)=/.test(word));
    fc.assert(
      fc.property(fc.stringMatching(/^\/[a-z0-9/._-]{1,40}$/), fc.array(param), (init, kernelParams) => {
        const text = formatNetbootScript({ kernel: 'https://x/k', initrd: 'https://x/i', init, kernelParams });
        expect(parseNetbootScript(text)).toEqual({ init, kernelParams });
      }),
    );
  });

  it.each([
    ['an error page', '<html>Not Found</html>', 'it does not begin with #!ipxe'],
    ['a script without a kernel', '#!ipxe\nshell\n', 'it has 0 kernel lines instead of one'],
    ['a menu of kernels', '#!ipxe\nkernel a init=/a\nkernel b init=/b\n', 'it has 2 kernel lines instead of one'],
    ['no init', kernelLine('quiet'), 'its kernel line has 0 init= instead of one'],
    ['an init that is no path', kernelLine('init=sh'), 'init=sh names no path'],
    ['a variable of iPXE', kernelLine(`init=/i \${net0/mac}`), `"\${net0/mac}" is no kernel parameter`],
    ['a second command', kernelLine('init=/i || shell'), '"||" is no kernel parameter'],
    ['a quote', kernelLine(`init=/i "a`), '"\\"a" is no kernel parameter'],
  ])('does not take %s', (_, text, reason) => {
    expect(parseNetbootScript(text)).toBe(reason);
  });
});
