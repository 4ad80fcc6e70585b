import * as v from 'valibot';
import { Channel } from './channel.ts';
import { NixpkgsVersion } from './version.ts';
import { Arch, Kind, Variant } from './words.ts';

/** The nixpkgs that an image was made of. */
export const Nixpkgs = v.object({
  version: NixpkgsVersion,
  /** Git revision, or for smoke images a hash of the Debian packages that they were made of. */
  revision: v.pipe(v.string(), v.regex(/^[0-9a-f]{7,64}$/)),
});
export type Nixpkgs = v.InferOutput<typeof Nixpkgs>;

/** What is known of an image before it is built: the `image` attribute of its flake package. */
export const ImageFacts = v.object({
  kind: Kind,
  arch: Arch,
  variant: Variant,
  channel: Channel,
  /** True for the images that stand in for NixOS where no NixOS can be built; false for real installers. */
  smoke: v.boolean(),
  nixpkgs: Nixpkgs,
});
export type ImageFacts = v.InferOutput<typeof ImageFacts>;

/** Path of a file inside an image's output folder; never leaves it. */
const OutputPath = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_+-][\w.+-]*(\/[A-Za-z0-9_+-][\w.+-]*)*$/, 'not a path inside the output'),
);

/**
 * A kernel parameter as it stands on a command line: no spaces, quotes, controls, or `$` and backtick (iPXE expands them). It starts
 * with a letter, digit, `_`, `/`, `.` or `-`, so that it can be none of iPXE's own `||`, `&&`, `;` and `#`.
 */
export const KernelParam = v.pipe(
  v.string(),
  v.regex(/^[\w/.-][!#%&()*+,\-./0-9:;<=>?@A-Z[\]^_a-z{|}~]*$/, 'not a kernel parameter'),
);

/** Path of the first program that the kernel runs, such as `/nix/store/…/init`. */
export const InitPath = v.pipe(v.string(), v.regex(/^\/[\w.+/-]+$/));

/** What the kernel of a netboot image must be told to boot it, wherever it came from. */
export function ownCmdlineOf({
  init,
  kernelParams,
}: {
  readonly init: string;
  readonly kernelParams: readonly string[];
}): string {
  return [`init=${init}`, ...kernelParams].join(' ');
}

/**
 * A zero-filled area of an ISO or a kexec tarball, in bytes, that a customisation replaces: both boot loaders load it as second
 * initrd, and `run` joins it to the initrd. In a tarball it is what `customisation.img` holds, in a stored block of deflate.
 */
export const CustomisationArea = v.object({
  offset: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  length: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
});
export type CustomisationArea = v.InferOutput<typeof CustomisationArea>;

const Offsets = v.optional(v.pipe(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(1))), v.minLength(1)));

/**
 * Where the files of an ipxe image hold the address that iPXE goes on at: `length` bytes, filled up with blanks, at each of the
 * offsets (an ISO has two, as CD and stick are read by BIOS and UEFI from different places). A role without offsets has no room for one.
 */
export const AddressArea = v.object({
  length: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  offsets: v.object({ efi: Offsets, kpxe: Offsets, lkrn: Offsets, iso: Offsets, img: Offsets }),
});
export type AddressArea = v.InferOutput<typeof AddressArea>;

/** The files of an ipxe image: every one has iPXE as an EFI program; the others depend on the architecture, and on who compiled it. */
export function ipxeFiles<Schema extends v.GenericSchema>(file: Schema) {
  const more = v.optional(file);
  return v.object({ efi: file, kpxe: more, lkrn: more, iso: more, img: more });
}

/** Bytes that an initrd takes in memory once it is unpacked. Absent in images that were made before they said so. */
export const Unpacked = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)));

const common = {
  schema: v.literal(1),
  arch: Arch,
  variant: Variant,
  channel: Channel,
  smoke: v.boolean(),
  nixpkgs: Nixpkgs,
  /** Of what it boots; of an ipxe image iPXE's own. */
  kernelVersion: v.pipe(v.string(), v.regex(/^\d+\.\d+[\w.+-]*$/)),
};

/** `image.json`, which stands in the output folder of every image's flake package. */
export const ImageJson = v.variant('kind', [
  v.object({
    ...common,
    kind: v.literal('kexec'),
    files: v.object({ tarball: OutputPath, store: v.optional(OutputPath) }),
    unpacked: Unpacked,
    /** Absent in images that were made before there was such an area. */
    customisation: v.optional(CustomisationArea),
  }),
  v.object({
    ...common,
    kind: v.literal('iso'),
    files: v.object({ iso: OutputPath }),
    customisation: CustomisationArea,
  }),
  v.object({
    ...common,
    kind: v.literal('netboot'),
    files: v.object({
      kernel: OutputPath,
      initrd: OutputPath,
      store: v.optional(OutputPath),
      /** systemd's stub, which makes one EFI file of kernel and initrd; absent where there is to be none. */
      stub: v.optional(OutputPath),
    }),
    init: InitPath,
    kernelParams: v.array(KernelParam),
    unpacked: Unpacked,
  }),
  v.object({
    ...common,
    kind: v.literal('ipxe'),
    files: ipxeFiles(OutputPath),
    address: AddressArea,
  }),
]);
export type ImageJson = v.InferOutput<typeof ImageJson>;
