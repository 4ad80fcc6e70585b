import { InitPath, KernelParam } from '@nixos-images/shared';
import * as v from 'valibot';

/** What a netboot script says about its kernel. */
export interface NetbootScript {
  readonly init: string;
  readonly kernelParams: readonly string[];
}

/**
 * Reads the kernel's parameters out of an iPXE script of today's releases, whose kernel line is
 * `kernel <address> init=<path> initrd=<name> <parameters> ${cmdline}`; a string is the reason why it cannot be read.
 */
export function parseNetbootScript(text: string): NetbootScript | string {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (lines[0] !== '#!ipxe') return 'it does not begin with #!ipxe';
  const kernels = lines.filter((line) => /^kernel\s/.test(line));
  const [kernel] = kernels;
  if (kernel === undefined || kernels.length > 1) return `it has ${kernels.length} kernel lines instead of one`;
  let words = kernel.split(/\s+/).slice(1);
  while (words[0]?.startsWith('--')) words = words.slice(words[0].includes('=') ? 1 : 2);
  // The first word is the address; the others are for the kernel. initrd= and ${cmdline} are the script's own business.
  const forKernel = words.slice(1).filter((word) => !word.startsWith('initrd=') && word !== `\${cmdline}`);
  const inits = forKernel.filter((word) => word.startsWith('init='));
  const [init] = inits;
  if (init === undefined || inits.length > 1) return `its kernel line has ${inits.length} init= instead of one`;
  const path = v.safeParse(InitPath, init.slice('init='.length));
  if (!path.success) return `${init} names no path`;
  const kernelParams = forKernel.filter((word) => word !== init);
  const odd = kernelParams.find((word) => !v.is(KernelParam, word));
  if (odd !== undefined) return `${JSON.stringify(odd)} is no kernel parameter`;
  return { init: path.output, kernelParams };
}

/** An iPXE script that boots a kernel and an initrd from absolute addresses; `parseNetbootScript` reads it back. */
export function formatNetbootScript(
  script: NetbootScript & { readonly kernel: string; readonly initrd: string },
): string {
  const { kernel, initrd, init, kernelParams } = script;
  return [
    '#!ipxe',
    'imgfree',
    // UEFI builds of iPXE need every initrd named on the command line.
    ['kernel --name linux', kernel, `init=${init}`, 'initrd=initrd', ...kernelParams, `\${cmdline}`].join(' '),
    `initrd --name initrd ${initrd}`,
    'boot',
    '',
  ].join('\n');
}
