// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what stands in braces here is for iPXE to expand.
import {
  ARCHES,
  type Arch,
  byInterest,
  type Catalog,
  type Customisation,
  defaultVariant,
  formatMemory,
  type IpxeImage,
  imageAddress,
  type Manifest,
  memoryNeeded,
  menuAddress,
  type NetbootImage,
  purposeOf,
} from '@nixos-images/shared';
import { echoWords, script, scriptAddress } from './script.ts';

/** Milliseconds until the menu takes its default. */
const TIME_OUT = 15_000;

/** What the menu is made with beside the catalog. */
export interface MenuOptions {
  /** Of `/with/<customisation>/boot.ipxe`. */
  readonly added: MenuCustomisation | undefined;
  /** Whether the menu may lead to one with the keys of an account: only where such addresses are answered. */
  readonly asksForAccount: boolean;
  /** Of this menu, as far as the operator said; it is nowhere else in the script. */
  readonly origin: string | undefined;
}

/** What the menu adds to every image, and says of it. */
export interface MenuCustomisation {
  readonly customisation: Customisation;
  /** What is added, a line each: whoever chooses must see who is let in. */
  readonly notice: readonly string[];
}

/** `/boot.ipxe`: finds out the architecture, shows what there is for it, and boots the newest stable release after a time-out. */
export function menuScript(catalog: Catalog, options: MenuOptions): string {
  return script([
    `echo ${options.added === undefined ? 'nixos-images' : 'nixos-images, CUSTOMISED'}`,
    'clear nixos_arch ||',
    'iseq ${buildarch} x86_64 && set nixos_arch x86_64 ||',
    'iseq ${buildarch} arm64 && set nixos_arch aarch64 ||',
    // BIOS builds say i386 on 64-bit machines as well; bit 29 of the extended CPUID is long mode.
    'iseq ${buildarch} i386 && cpuid --ext 29 && set nixos_arch x86_64 ||',
    'isset ${nixos_arch} && goto menu_${nixos_arch} ||',
    'echo There are images for x86_64 and aarch64 only; iPXE takes this machine for ${buildarch}.',
    'goto wait',
    ...ARCHES.flatMap((arch) => archMenu(catalog, arch, options)),
    ...(options.asksForAccount ? ACCOUNT : []),
    ':exit',
    'exit 1',
  ]);
}

/** Asks for an account, and shows the menu anew with its keys. */
const ACCOUNT = [
  ':account',
  'echo -n The GitHub account whose SSH keys may log in as root:${} ',
  'read nixos_account || goto shell',
  'chain /with/github%3A${nixos_account:uristring}/boot.ipxe || goto failed',
  'exit',
] as const;

function archMenu(catalog: Catalog, arch: Arch, options: MenuOptions): string[] {
  const { added, asksForAccount } = options;
  const releases = releasesOf(catalog, arch, added?.customisation);
  const offer = newerIpxe(catalog, arch, options);
  const first = releases[0]?.choices[0];
  const label = `menu_${arch}`;
  if (first === undefined) return [`:${label}`, `echo No netboot image for ${arch} is published here.`, 'goto wait'];
  return [
    `:${label}`,
    // A build without menus boots the default.
    `menu NixOS installers for ${arch} || goto ${first.label}`,
    ...gaps(added === undefined ? [] : [...added.notice, '']),
    ...releases.flatMap(({ title, choices }) => [
      ...gaps([title]),
      // Indented: `${}` is nothing, and the space behind it stays.
      ...choices.map((choice) => `item ${choice.label} \${} \${} ${echoWords(choice.text)}`),
    ]),
    ...gaps(['']),
    ...gaps([
      added === undefined
        ? 'What has booted shows its address, and how to log in, on the screen.'
        : 'What has booted shows its address on the screen: ssh root@ADDRESS',
    ]),
    ...offer.items,
    ...(asksForAccount ? ['item account Let the SSH keys of a GitHub account log in'] : []),
    'item shell iPXE shell',
    'item exit Boot on from the next device',
    `choose --default ${first.label} --timeout ${TIME_OUT} nixos_choice || goto shell`,
    'goto ${nixos_choice}',
    ...releases.flatMap(({ choices }) =>
      choices.flatMap(({ label: to, address }) => [`:${to}`, `chain ${scriptAddress(address)} || goto failed`, 'exit']),
    ),
    ...offer.steps,
  ];
}

/**
 * What old builds of iPXE are offered: to go on with the newer one that is published here. Those of before 2021 do not know `cwuri`; they
 * have fewer drivers, join initrds without padding, and hang at long command lines on arm64.
 */
function newerIpxe(
  catalog: Catalog,
  arch: Arch,
  { added, origin }: MenuOptions,
): { items: readonly string[]; steps: readonly string[] } {
  const found = ({ images }: Manifest) =>
    images.find((image): image is IpxeImage => image.kind === 'ipxe' && image.arch === arch);
  const [newest] = byInterest(catalog, Date.now(), (manifest) => found(manifest) !== undefined);
  const image = newest && found(newest.entry.current);
  if (newest === undefined || image === undefined || image.origin.from !== 'nix') return { items: [], steps: [] };
  const { version: ref } = newest.entry.current;
  const chain = (part: 'efi' | 'lkrn') => {
    const hasRoom = image.address.offsets[part] !== undefined;
    // With a script inside, it knows its menu, and the customised one where there is room for that address.
    if ((part === 'lkrn' || hasRoom) && (added === undefined || hasRoom))
      return `chain --autofree ${scriptAddress(imageAddress(image, { ref, part, customisation: added?.customisation }))}`;
    // Without one, an EFI program is told what to do on its command line; there, the one that starts it would take `&&` for its own.
    if (part === 'lkrn' || origin === undefined) return undefined;
    const menu = menuAddress(origin, added?.customisation);
    const program = scriptAddress(imageAddress(image, { ref, part }));
    return `chain --autofree ${program} ifconf \${nixos_and:string} chain ${menu}`;
  };
  const uefi = chain('efi');
  const bios = image.files.lkrn === undefined ? undefined : chain('lkrn');
  if (uefi === undefined && bios === undefined) return { items: [], steps: [] };
  const known = `known_${arch}`;
  return {
    items: [
      `isset \${cwuri} && goto ${known} ||`,
      ...(bios === undefined ? [`iseq \${platform} efi || goto ${known}`] : []),
      ...(uefi === undefined ? [`iseq \${platform} efi && goto ${known} ||`] : []),
      ...gaps(['This iPXE is of before 2021, with fewer drivers. If it does not work:']),
      `item newer_${arch} Go on with iPXE ${echoWords(image.origin.kernelVersion)}`,
      `:${known}`,
    ],
    steps: [
      `:newer_${arch}`,
      ...(uefi === undefined || bios === undefined ? [] : [`iseq \${platform} efi || goto newer_${arch}_bios`]),
      ...(uefi === undefined ? [] : ['set nixos_and:hex 26:26', `${uefi} || goto failed`, 'exit']),
      `:newer_${arch}_bios`,
      ...(bios === undefined ? ['goto failed'] : [`${bios} || goto failed`, 'exit']),
    ],
  };
}

function gaps(lines: readonly string[]): string[] {
  return lines.map((line) => `item --gap ${echoWords(line)}`.trimEnd());
}

interface Choice {
  readonly label: string;
  readonly text: string;
  readonly address: string;
}

/** What there is of one channel. */
interface Release {
  readonly title: string;
  /** The default variant first. */
  readonly choices: readonly Choice[];
}

/** The newest stable channel that has a netboot image comes first. */
function releasesOf(catalog: Catalog, arch: Arch, customisation: Customisation | undefined): Release[] {
  return byInterest(catalog, Date.now(), (manifest) => netbootImages(manifest, arch).length > 0)
    .map(({ channel, stage, entry: { current: manifest } }) => ({
      title: `${manifest.smoke ? 'SMOKE (not NixOS) ' : ''}${channel} (${manifest.version}${stage === 'stable' ? '' : `, ${stage}`})`,
      choices: netbootImages(manifest, arch)
        .toSorted((a, b) => rank(a) - rank(b))
        .map((image) => ({
          label: `${arch}_${channel}_${image.variant}`,
          text: textOf(image),
          address: imageAddress(image, { ref: manifest.version, customisation }),
        })),
    }))
    .filter(({ choices }) => choices.length > 0);
}

function netbootImages({ images }: Manifest, arch: Arch): NetbootImage[] {
  return images.filter((image): image is NetbootImage => image.kind === 'netboot' && image.arch === arch);
}

function textOf(image: NetbootImage): string {
  const memory = memoryNeeded(image);
  const purpose = purposeOf(image.variant);
  return [
    image.variant,
    ...(memory === undefined ? [] : [` (needs ${formatMemory(memory)})`]),
    ...(purpose === undefined ? [] : [`: ${purpose}`]),
  ].join('');
}

function rank({ variant }: NetbootImage): number {
  return variant === defaultVariant('netboot') ? 0 : 1;
}
