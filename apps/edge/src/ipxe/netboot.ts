import { formatAddress, imageAddress, type Manifest, type NetbootImage } from '@nixos-images/shared';
import { echoWords, script, scriptAddress } from './script.ts';

/**
 * What the kernel must be told to boot a netboot image, as it stands in `/cmdline`; a lean one also where its store is.
 * @param origin the edge's own, which only its operator can say: a request's Host is not believed. Without it, a lean image asks where it
 * was told to ask when it was built.
 */
export function cmdlineOf({ version }: Manifest, { init, kernelParams, files }: NetbootImage, origin?: string): string {
  const store =
    files.store === undefined || origin === undefined
      ? []
      : [`live.nixos.store=${origin}${formatAddress({ type: 'entry', version, name: files.store.name })}`];
  return [`init=${init}`, ...kernelParams, ...store].join(' ');
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
export function netbootScript(
  manifest: Manifest,
  image: NetbootImage,
  origin: string | undefined,
  extra?: ScriptExtra,
): string {
  const { version, smoke } = manifest;
  const kernel = scriptAddress(imageAddress(image, { ref: version, part: 'kernel' }));
  const initrd = scriptAddress(imageAddress(image, { ref: version, part: 'initrd' }));
  const initrds = extra === undefined ? 'initrd=initrd' : 'initrd=initrd initrd=customisation';
  const words = [cmdlineOf(manifest, image, origin), extra?.cmdline].filter((part) => part !== undefined).join(' ');
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
