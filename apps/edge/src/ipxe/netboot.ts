import { imageAddress, type Manifest, type NetbootImage } from '@nixos-images/shared';
import { echoWords, script, scriptAddress } from './script.ts';

/** What the kernel must be told to boot a netboot image, as it stands in `/cmdline`. */
export function cmdlineOf({ init, kernelParams }: NetbootImage): string {
  return [`init=${init}`, ...kernelParams].join(' ');
}

/** What a customised script loads and says on top. */
export interface ScriptExtra {
  /** Of one more initrd. */
  readonly address: string;
  readonly cmdline: string | undefined;
  /** Whose keys are installed: whoever boots this must see it. */
  readonly notice: readonly string[];
}

/**
 * The iPXE script that boots one netboot image. Addresses are relative (iPXE resolves them against the script's own, so scheme, host
 * and port always fit) and pinned (a promotion between two downloads must not mix two releases).
 */
export function netbootScript(manifest: Manifest, image: NetbootImage, extra?: ScriptExtra): string {
  const { version, smoke } = manifest;
  const kernel = scriptAddress(imageAddress(image, { ref: version, part: 'kernel' }));
  const initrd = scriptAddress(imageAddress(image, { ref: version, part: 'initrd' }));
  const initrds = extra === undefined ? 'initrd=initrd' : 'initrd=initrd initrd=customisation';
  const words = [cmdlineOf(image), extra?.cmdline].filter((part) => part !== undefined).join(' ');
  return script([
    `echo ${smoke ? 'SMOKE IMAGE (not NixOS)' : 'NixOS'} ${version}, netboot, ${image.arch}, ${image.variant}`,
    ...(extra?.notice ?? []).map((line) => `echo CUSTOMISED: ${echoWords(line)}`),
    // Images left by an earlier script would end up in the initrd.
    'imgfree',
    // initrd= is what UEFI builds find the initrd by; the name must be that of the image.
    `kernel --name linux ${kernel} ${initrds} ${words} \${cmdline} || goto failed`,
    `initrd --name initrd ${initrd} || goto failed`,
    ...(extra === undefined ? [] : [`initrd --name customisation ${scriptAddress(extra.address)} || goto failed`]),
    'boot || goto failed',
  ]);
}
