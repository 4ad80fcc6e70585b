import type { Manifest, NetbootImage } from '@nixos-images/shared';
import { pinnedAddress } from '../resolve/image.ts';
import { script, scriptAddress } from './script.ts';

/** What the kernel must be told to boot a netboot image, as it stands in `/cmdline`. */
export function cmdlineOf({ init, kernelParams }: NetbootImage): string {
  return [`init=${init}`, ...kernelParams].join(' ');
}

/**
 * The iPXE script that boots one netboot image. Addresses are relative (iPXE resolves them against the script's own, so scheme, host
 * and port always fit) and pinned (a promotion between two downloads must not mix two releases).
 */
export function netbootScript(manifest: Manifest, image: NetbootImage): string {
  const { version, smoke } = manifest;
  const kernel = scriptAddress(pinnedAddress(manifest, image, 'kernel'));
  const initrd = scriptAddress(pinnedAddress(manifest, image, 'initrd'));
  return script([
    `echo ${smoke ? 'SMOKE IMAGE (not NixOS)' : 'NixOS'} ${version}, netboot, ${image.arch}, ${image.variant}`,
    // Images left by an earlier script would end up in the initrd.
    'imgfree',
    // initrd= is what UEFI builds find the initrd by; the name must be that of the image.
    `kernel --name linux ${kernel} initrd=initrd ${cmdlineOf(image)} \${cmdline} || goto failed`,
    `initrd --name initrd ${initrd} || goto failed`,
    'boot || goto failed',
  ]);
}
