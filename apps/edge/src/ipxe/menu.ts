// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what stands in braces here is for iPXE to expand.
import {
  ARCHES,
  type Arch,
  byInterest,
  type Catalog,
  type CatalogStage,
  defaultVariant,
  imageAddress,
  type Manifest,
  type NetbootImage,
} from '@nixos-images/shared';
import { echoWords, script, scriptAddress } from './script.ts';

/** Milliseconds until the menu takes its default. */
const TIME_OUT = 15_000;

interface Choice {
  readonly label: string;
  readonly text: string;
  readonly address: string;
}

/** `/boot.ipxe`: finds out the architecture, shows what there is for it, and boots the newest stable release after a time-out. */
export function menuScript(catalog: Catalog): string {
  return script([
    'echo nixos-images',
    'clear nixos_arch ||',
    'iseq ${buildarch} x86_64 && set nixos_arch x86_64 ||',
    'iseq ${buildarch} arm64 && set nixos_arch aarch64 ||',
    // BIOS builds say i386 on 64-bit machines as well; bit 29 of the extended CPUID is long mode.
    'iseq ${buildarch} i386 && cpuid --ext 29 && set nixos_arch x86_64 ||',
    'isset ${nixos_arch} && goto menu_${nixos_arch} ||',
    'echo There are images for x86_64 and aarch64 only; iPXE takes this machine for ${buildarch}.',
    'goto wait',
    ...ARCHES.flatMap((arch) => archMenu(catalog, arch)),
    ':exit',
    'exit 1',
  ]);
}

function archMenu(catalog: Catalog, arch: Arch): string[] {
  const choices = choicesOf(catalog, arch);
  const [first] = choices;
  const label = `menu_${arch}`;
  if (first === undefined) return [`:${label}`, `echo No netboot image for ${arch} is published here.`, 'goto wait'];
  return [
    `:${label}`,
    // A build without menus boots the default.
    `menu NixOS installers for ${arch} || goto ${first.label}`,
    ...choices.map(({ label, text }) => `item ${label} ${echoWords(text)}`),
    'item --gap',
    'item shell iPXE shell',
    'item exit Boot on from the next device',
    `choose --default ${first.label} --timeout ${TIME_OUT} nixos_choice || goto shell`,
    'goto ${nixos_choice}',
    ...choices.flatMap(({ label, address }) => [`:${label}`, `chain ${scriptAddress(address)} || goto failed`, 'exit']),
  ];
}

/** The newest stable channel that has a netboot image comes first, in it the default variant. */
function choicesOf(catalog: Catalog, arch: Arch): Choice[] {
  return byInterest(catalog, Date.now(), (manifest) => netbootImages(manifest, arch).length > 0).flatMap((staged) =>
    choicesOfRelease(staged, arch),
  );
}

function netbootImages({ images }: Manifest, arch: Arch): NetbootImage[] {
  return images.filter((image): image is NetbootImage => image.kind === 'netboot' && image.arch === arch);
}

function choicesOfRelease({ channel, stage, entry: { current: manifest } }: CatalogStage, arch: Arch): Choice[] {
  return netbootImages(manifest, arch)
    .toSorted((a, b) => rank(a) - rank(b))
    .map((image) => ({
      label: `${arch}_${channel}_${image.variant}`,
      text: `${manifest.smoke ? 'SMOKE (not NixOS) ' : ''}${channel} ${image.variant} (${manifest.version}${stage === 'stable' ? '' : `, ${stage}`})`,
      address: imageAddress(image, { ref: manifest.version }),
    }));
}

function rank({ variant }: NetbootImage): number {
  return variant === defaultVariant('netboot') ? 0 : 1;
}
