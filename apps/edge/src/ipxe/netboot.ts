import {
  type Arch,
  type ExtraCmdline,
  formatAddress,
  imageAddress,
  kernelsOwn,
  type Manifest,
  type NetbootImage,
  ownCmdlineOf,
} from '@nixos-images/shared';
import { echoWords, script, scriptAddress } from './script.ts';

/**
 * What the kernel must be told to boot a netboot image, as it stands in `/cmdline`; a lean one also where its store is.
 * @param origin the edge's own, which only its operator can say: a request's Host is not believed. Without it, a lean image asks where it
 * was told to ask when it was built.
 */
export function cmdlineOf({ version }: Manifest, image: NetbootImage, origin?: string): string {
  const { files } = image;
  const store =
    files.store === undefined || origin === undefined
      ? []
      : [`live.nixos.store=${origin}${formatAddress({ type: 'entry', version, name: files.store.name })}`];
  return [ownCmdlineOf(image), ...store].join(' ');
}

/**
 * Characters that a customisation may add to an arm64 script's line. Builds of iPXE for arm64 have hung at lines of 283, most of which the
 * image needs itself; those for x86_64 take as many as Linux does.
 */
const LONGEST_FOR_ARM64 = 200;

/**
 * What of a customisation's parameters stands on the kernel's line of a script; undefined if that is too much. Where all of them are too
 * many, those are left out that the booted system also finds in the customisation's initrd.
 */
export function lineWords(arch: Arch, cmdline: ExtraCmdline | undefined): string | undefined {
  if (cmdline === undefined) return '';
  if (arch === 'x86_64' || cmdline.length <= LONGEST_FOR_ARM64) return cmdline;
  const own = kernelsOwn(cmdline);
  return own.length <= LONGEST_FOR_ARM64 ? own : undefined;
}

/** What a lean image's script says where the operator did not say what its parameter would. */
const UNKNOWN_ORIGIN =
  'echo This image fetches its system: if it does not know where from, set cmdline to live.nixos.store=ADDRESS before this script.';

/** What a customised script loads and says on top. */
export interface ScriptExtra {
  /** Of one more initrd. */
  readonly address: string;
  /** For the kernel's line; may be none. */
  readonly cmdline: string;
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
  const words = [cmdlineOf(manifest, image, origin), ...(extra?.cmdline ? [extra.cmdline] : [])].join(' ');
  return script([
    `echo ${smoke ? 'SMOKE IMAGE (not NixOS)' : 'NixOS'} ${version}, netboot, ${image.arch}, ${image.variant}`,
    ...(extra?.notice ?? []).map((line) => `echo CUSTOMISED: ${echoWords(line)}`),
    ...(image.files.store === undefined || origin !== undefined ? [] : [UNKNOWN_ORIGIN]),
    // Images left by an earlier script would end up in the initrd.
    'imgfree',
    // initrd= is what UEFI builds find the initrd by; the name must be that of the image.
    `kernel --name linux ${kernel} ${initrds} ${words} \${cmdline} || goto failed`,
    `initrd --name initrd ${initrd} || goto failed`,
    ...(extra === undefined ? [] : [`initrd --name customisation ${scriptAddress(extra.address)} || goto failed`]),
    'boot || goto failed',
  ]);
}
