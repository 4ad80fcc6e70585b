import {
  type Arch,
  type BootPath,
  type Customisation,
  defaultVariant,
  formatAddress,
  formatCustomisation,
  formatKexecScriptAddress,
  type Image,
  type ImageAddress,
  imageAddress,
  type Kind,
  type Manifest,
  type Part,
  WHOLE_PART,
} from '@nixos-images/shared';
import { cmdlineOf } from '../ipxe/netboot.ts';

/** What somebody has who wants into the installer. */
export const HAVES = ['linux', 'stick', 'console', 'network', 'ipxe'] as const;
export type Have = (typeof HAVES)[number];

/** How a machine starts. */
export const FIRMWARES = ['uefi', 'bios'] as const;
export type Firmware = (typeof FIRMWARES)[number];

/** The image that a way leads to, and how its addresses are to be written. */
export interface Goal {
  readonly manifest: Manifest;
  readonly image: Image;
  /** As it stands in an address; undefined where the address names none. */
  readonly ref: ImageAddress['ref'];
  readonly customisation: Customisation | undefined;
  readonly server: Server;
}

/** How a server is named in lines. */
export interface Server {
  /** Such as `https://images.example.org`. */
  readonly origin: string;
  /** The same by plain HTTP. */
  readonly plain: string;
  readonly host: string;
}

/** The server of an origin. */
export function serverAt(origin: string): Server {
  return { origin, plain: origin.replace(/^https:/, 'http:'), host: new URL(origin).host };
}

/** Stands for a server that does not know its own name: who asked for the answer knows it. */
export const NAMELESS: Server = { origin: '{origin}', plain: 'http://{host}', host: '{host}' };

/** One way in: an address, and what is typed or entered where. */
export interface Way {
  /** Tells it from the others; stays the same for programs. */
  readonly name: string;
  readonly have: Have;
  /** The kind of image that it leads to: without such an image there is no such way. */
  readonly kind: Kind;
  readonly title: string;
  /** Where the line is typed. */
  readonly where: string;
  /** Without it every machine can take the way. */
  readonly firmware?: Firmware;
  /** Without it every architecture can. */
  readonly arch?: Arch;
  /** The most characters that there is room for where the address goes. */
  readonly longest?: number;
  /** Without it every image of the kind has what the way needs. */
  readonly has?: (goal: Goal) => boolean;
  /** The boot tests that go this way. */
  readonly tests: readonly BootPath[];
  readonly address: (goal: Goal) => string;
  /** Whether it goes by plain HTTP whatever the page came by: what follows it may have no TLS, or none of today. */
  readonly plain: boolean;
  readonly line: (url: string, goal: Goal) => string;
}

/** The most characters of an option of DHCP, whose length is a byte (RFC 2132, section 2). */
const DHCP_OPTION = 255;

/**
 * Every way in, the one to be offered first before the others that have the same. All that shows ways (the page, `.json`) reads this
 * list: a new way is an entry here.
 */
export const WAYS: readonly Way[] = [
  {
    name: 'kexec-script',
    have: 'linux',
    kind: 'kexec',
    title: 'One line',
    where: 'In a shell on the machine, as root or with sudo',
    tests: ['kexec'],
    address: scriptAddressOf,
    plain: false,
    line: (url) => `curl -L ${url} | sh`,
  },
  {
    name: 'kexec-script-wget',
    have: 'linux',
    kind: 'kexec',
    title: 'The same without curl',
    where: 'In a shell on the machine, as root or with sudo',
    tests: ['kexec'],
    address: scriptAddressOf,
    plain: false,
    line: (url) => `wget -qO- ${url} | sh`,
  },
  {
    name: 'kexec-tarball',
    have: 'linux',
    kind: 'kexec',
    title: 'The tarball alone',
    where: 'In a root shell on the machine',
    tests: ['kexec'],
    address: shortest,
    plain: false,
    line: (url, goal) => {
      const store = storeOf(goal);
      return `curl ${url} | tar -xz -C /root && /root/kexec/run${store === undefined ? '' : ` --store-url ${store}`}`;
    },
  },
  {
    name: 'nixos-anywhere',
    have: 'linux',
    kind: 'kexec',
    title: 'With nixos-anywhere',
    where: 'On your own computer, in the folder of your flake',
    tests: ['kexec'],
    address: shortest,
    plain: false,
    line: (url, goal) => {
      const store = storeOf(goal);
      const flags = store === undefined ? '' : ` --kexec-extra-flags --store-url=${store}`;
      return `nixos-anywhere --kexec ${url}${flags} --flake .#HOST root@ADDRESS`;
    },
  },
  {
    name: 'iso-stick',
    have: 'stick',
    kind: 'iso',
    title: 'Write the stick',
    where: 'On a computer that has the stick plugged in as /dev/sdX',
    tests: ['iso-bios-usb', 'iso-uefi-usb'],
    address: shortest,
    plain: false,
    line: (url) => `curl -fL ${url} | sudo dd of=/dev/sdX bs=4M iflag=fullblock oflag=direct status=progress`,
  },
  {
    name: 'iso-file',
    have: 'stick',
    kind: 'iso',
    title: 'Only download it',
    where: 'For a CD, Ventoy, or a program that writes sticks',
    tests: ['iso-bios-cd', 'iso-uefi-cd'],
    address: shortest,
    plain: false,
    line: (url) => `wget ${url}`,
  },
  {
    name: 'efi-stick',
    have: 'stick',
    kind: 'netboot',
    title: 'A stick that is in use: one file on it',
    where: 'Where a FAT partition of the stick is mounted',
    firmware: 'uefi',
    has: hasEfiFile,
    tests: [],
    address: efiFile,
    plain: false,
    line: (url, { image: { arch } }) => `curl -fL --create-dirs -o EFI/BOOT/${REMOVABLE[arch]} ${url}`,
  },
  {
    name: 'ipxe-stick',
    have: 'stick',
    kind: 'ipxe',
    title: 'A small stick, and the rest by the network',
    where: 'On a computer that has the stick plugged in as /dev/sdX',
    has: hasIpxeDisk,
    tests: ['iso-bios-usb', 'iso-uefi-usb'],
    address: ipxeDisk,
    plain: false,
    line: (url) => `curl -fL ${url} | sudo dd of=/dev/sdX bs=4M iflag=fullblock oflag=direct`,
  },
  {
    name: 'iso-virtual-media',
    have: 'console',
    kind: 'iso',
    title: 'As a virtual CD',
    where: 'In the remote console, as address of a virtual CD or USB drive',
    tests: ['iso-bios-cd', 'iso-uefi-cd'],
    address: shortest,
    plain: false,
    line: (url) => url,
  },
  {
    name: 'ipxe-virtual-media',
    have: 'console',
    kind: 'ipxe',
    title: 'As a small virtual CD, and the rest by the network',
    where: 'In the remote console, as address of a virtual CD or USB drive',
    has: hasIpxeDisk,
    tests: ['iso-bios-cd', 'iso-uefi-cd'],
    address: ipxeDisk,
    plain: false,
    line: (url) => url,
  },
  {
    name: 'uefi-http-boot',
    have: 'console',
    kind: 'netboot',
    title: 'By UEFI HTTP Boot',
    where: 'In the firmware’s set-up, as address of an HTTP boot option',
    firmware: 'uefi',
    has: hasEfiFile,
    tests: ['netboot-uefi-http'],
    address: efiFile,
    plain: true,
    line: (url) => url,
  },
  {
    name: 'ipxe-dnsmasq',
    have: 'network',
    kind: 'netboot',
    title: 'DHCP server: dnsmasq, for machines that have iPXE',
    where: 'In dnsmasq.conf',
    longest: DHCP_OPTION,
    tests: ['netboot-bios', 'netboot-uefi'],
    address: shortest,
    plain: true,
    // In quotes: a customisation has commas, which part dnsmasq's values.
    line: (url) => `dhcp-match=set:ipxe,175\ndhcp-boot=tag:ipxe,"${url}"`,
  },
  {
    name: 'uefi-http-dnsmasq',
    have: 'network',
    kind: 'netboot',
    title: 'DHCP server: dnsmasq, for UEFI HTTP Boot',
    where: 'In dnsmasq.conf',
    firmware: 'uefi',
    has: hasEfiFile,
    longest: DHCP_OPTION,
    tests: ['netboot-uefi-http'],
    address: efiFile,
    plain: true,
    line: (url) =>
      `dhcp-vendorclass=set:http,HTTPClient\ndhcp-option-force=tag:http,60,HTTPClient\ndhcp-boot=tag:http,"${url}"`,
  },
  {
    name: 'grub',
    have: 'network',
    kind: 'netboot',
    title: 'GRUB with a network',
    where: 'At the GRUB prompt, or in grub.cfg',
    tests: [],
    address: (goal) => partAddress(goal, 'kernel'),
    plain: true,
    line: grubLines,
  },
  {
    name: 'ipxe-chain',
    have: 'ipxe',
    kind: 'netboot',
    title: 'This image',
    where: 'At the iPXE prompt (Ctrl-B), or in a script',
    tests: ['netboot-bios', 'netboot-uefi'],
    address: shortest,
    plain: true,
    line: (url) => `chain ${url}`,
  },
  {
    name: 'ipxe-menu',
    have: 'ipxe',
    kind: 'netboot',
    title: 'A menu of all of them',
    where: 'At the iPXE prompt (Ctrl-B), or in a script',
    tests: ['netboot-bios', 'netboot-uefi'],
    address: ({ customisation }) => `${frontOf(customisation)}/boot.ipxe`,
    plain: true,
    line: (url) => `chain ${url}`,
  },
];

/** A way with its address and line filled in. */
export interface Step {
  readonly way: Way;
  /** The path. */
  readonly address: string;
  /** Of the address, by the server's name. */
  readonly url: string;
  readonly line: string;
}

/** The ways to an image. */
export function stepsTo(goal: Goal): Step[] {
  const { image } = goal;
  return WAYS.filter(
    ({ kind, arch, has }) =>
      kind === image.kind && (arch === undefined || arch === image.arch) && (has === undefined || has(goal)),
  ).map((way) => {
    const address = way.address(goal);
    const origin = way.plain ? goal.server.plain : goal.server.origin;
    const url = `${origin}${address}`;
    return { way, address, url, line: way.line(url, goal) };
  });
}

/** The kinds of image that whoever has this is led to, the first choice first. */
export function kindsFor(have: Have): Kind[] {
  return [...new Set(WAYS.filter((way) => way.have === have).map(({ kind }) => kind))];
}

/** The kind of image that whoever has this is led to first. */
export function kindFor(have: Have): Kind {
  return kindsFor(have)[0] ?? 'iso';
}

/** The shortest address that gives the image, customised. */
function shortest(goal: Goal): string {
  return shortestOf(goal, WHOLE_PART[goal.image.kind].part);
}

/** That of its EFI file. */
function efiFile(goal: Goal): string {
  return shortestOf(goal, 'efi');
}

function shortestOf(goal: Goal, part: Part): string {
  const { image, ref, customisation } = goal;
  const { kind, arch } = image;
  return formatAddress({ type: 'image', customisation, kind, ref, arch, variant: named(goal), part, view: 'itself' });
}

function hasEfiFile({ image }: Goal): boolean {
  return image.kind === 'netboot' && image.efi !== undefined;
}

/** That of the disk with iPXE on it. */
function ipxeDisk(goal: Goal): string {
  return shortestOf(goal, 'iso');
}

/** Whether there is such a disk that knows where to go on, by itself or in a customisation's address. */
function hasIpxeDisk({ image, customisation }: Goal): boolean {
  if (image.kind !== 'ipxe' || image.files.iso === undefined || image.menu === undefined) return false;
  return customisation === undefined || image.address.offsets.iso !== undefined;
}

/** The name by which firmware finds a boot loader on a removable disk (UEFI specification, section 3.5.1.1). */
const REMOVABLE: Readonly<Record<Arch, string>> = { x86_64: 'BOOTX64.EFI', aarch64: 'BOOTAA64.EFI' };

/** Where a lean image's store is, by the same ref as the tarball that fetches it. */
function storeOf(goal: Goal): string | undefined {
  const { image, ref, server } = goal;
  if (image.kind !== 'kexec' || image.files.store === undefined) return undefined;
  return `${server.origin}${imageAddress(image, { ref, part: 'store' })}`;
}

/** The script that finds out the architecture by itself. */
function scriptAddressOf(goal: Goal): string {
  return `${frontOf(goal.customisation)}${formatKexecScriptAddress({ ref: goal.ref, variant: named(goal), view: 'itself' })}`;
}

function frontOf(customisation: Customisation | undefined): string {
  return customisation === undefined ? '' : `/with/${formatCustomisation(customisation)}`;
}

function named({ image: { kind, variant } }: Goal): Goal['image']['variant'] | undefined {
  return variant === defaultVariant(kind) ? undefined : variant;
}

/** Pinned, since kernel and initrd are two downloads. */
function partAddress({ image, manifest: { version } }: Goal, part: 'kernel' | 'initrd'): string {
  return imageAddress(image, { ref: version, part });
}

function grubLines(_: string, goal: Goal): string {
  const { image, manifest, customisation } = goal;
  if (image.kind !== 'netboot') return '';
  const server = `(http,${goal.server.host})`;
  const initrds = [partAddress(goal, 'initrd')];
  if (customisation !== undefined)
    initrds.push(imageAddress(image, { ref: manifest.version, part: 'customisation', customisation }));
  const cmdline = [cmdlineOf(manifest, image, goal.server.origin), customisation?.cmdline].filter(
    (part) => part !== undefined,
  );
  const words = cmdline.join(' ').split(' ').map(quoted);
  return [
    'insmod http',
    `linux ${server}${partAddress(goal, 'kernel')} ${words.join(' ')}`,
    `initrd ${initrds.map((address) => `${server}${address}`).join(' ')}`,
  ].join('\n');
}

/** Some characters of kernel parameters are the shell's of GRUB. */
function quoted(word: string): string {
  return /^[\w.,:=/[\]@+%~-]+$/.test(word) ? word : `'${word}'`;
}
