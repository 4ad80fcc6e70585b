import * as v from 'valibot';

/** What an image is for. */
export const KINDS = ['kexec', 'iso', 'netboot', 'ipxe'] as const;
export const Kind = v.picklist(KINDS);
export type Kind = v.InferOutput<typeof Kind>;

/** Machine architectures by their `uname -m` name. */
export const ARCHES = ['x86_64', 'aarch64'] as const;
export const Arch = v.picklist(ARCHES);
export type Arch = v.InferOutput<typeof Arch>;

/** Nix's name of the Linux system of an architecture, such as `x86_64-linux`. */
export type System = `${Arch}-linux`;

/** The Nix system that runs on an architecture. */
export function systemOf(arch: Arch): System {
  return `${arch}-linux`;
}

/** What iPXE is to the machine that starts it: an EFI program, a PXE boot file, a Linux kernel, a CD, a stick. */
export const IPXE_ROLES = ['efi', 'kpxe', 'lkrn', 'iso', 'img'] as const;
export type IpxeRole = (typeof IPXE_ROLES)[number];

/** What a file is to its image. `head` is what stands before the kernel in a netboot image's EFI file. */
export type Role = 'tarball' | 'iso' | 'kernel' | 'initrd' | 'store' | 'head' | IpxeRole;

/**
 * What an image's addresses give: its files by role, and for netboot the EFI file that is joined out of them, the iPXE script, the
 * kernel command line, and the initrd that a customisation adds.
 */
export type Part = Role | 'script' | 'cmdline' | 'customisation';

/** The parts that are a segment of their own in an address, where a variant would stand: no variant can have these names. */
export const PART_NAMES = [
  'kernel',
  'initrd',
  'head',
  'cmdline',
  'customisation',
  'store',
] as const satisfies readonly Part[];

/** Flavour of a kind: lower-case words joined by dashes, such as `noninteractive` or `low-memory`. */
export const Variant = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/),
  v.check((name) => !PART_NAMES.some((part) => part === name), 'the name of a part'),
  v.maxLength(40),
  v.brand('Variant'),
);
export type Variant = v.InferOutput<typeof Variant>;

const DEFAULT_VARIANT = {
  kexec: v.parse(Variant, 'noninteractive'),
  iso: v.parse(Variant, 'interactive'),
  netboot: v.parse(Variant, 'interactive'),
  // It leads to the menu.
  ipxe: v.parse(Variant, 'menu'),
} as const satisfies Record<Kind, Variant>;

/** The variant meant by an address that names none. */
export function defaultVariant(kind: Kind): Variant {
  return DEFAULT_VARIANT[kind];
}

/** Whom the variants of this project are for (docs/images.md), for lists that people choose from. */
const PURPOSE: Readonly<Record<string, string>> = {
  interactive: 'for a person at the screen',
  noninteractive: 'for programs that install over SSH',
  'low-memory': 'for machines with 1 GB',
  lean: 'for little memory: fetches the rest once it runs',
};

/** Whom a variant is for, in a few words; undefined if it is one that somebody else made. */
export function purposeOf(variant: Variant): string | undefined {
  return Object.hasOwn(PURPOSE, variant) ? PURPOSE[variant] : undefined;
}

/** Every spelling of an architecture that people and tools use, in lower case. */
const ARCH_SYNONYMS: Readonly<Record<string, Arch>> = {
  x86_64: 'x86_64',
  amd64: 'x86_64',
  x64: 'x86_64',
  'x86_64-linux': 'x86_64',
  aarch64: 'aarch64',
  arm64: 'aarch64',
  'aarch64-linux': 'aarch64',
};

/** The architecture that a spelling such as `AMD64` or `aarch64-linux` means, in any case; undefined if none. */
export function parseArch(spelling: string): Arch | undefined {
  const key = spelling.toLowerCase();
  return Object.hasOwn(ARCH_SYNONYMS, key) ? ARCH_SYNONYMS[key] : undefined;
}

/** SHA-256 in 64 lower-case hexadecimal digits. */
export const Sha256 = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in lower-case hex'),
  v.brand('Sha256'),
);
export type Sha256 = v.InferOutput<typeof Sha256>;

/** A point in time in UTC, such as `2026-08-20T04:05:06.000Z`. */
export const Time = v.pipe(v.string(), v.isoTimestamp(), v.brand('Time'));
export type Time = v.InferOutput<typeof Time>;

/** The moment of a Date as it stands in manifests and catalogs. */
export function timeOf(date: Date): Time {
  return v.parse(Time, date.toISOString());
}
