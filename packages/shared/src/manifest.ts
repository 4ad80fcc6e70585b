import * as v from 'valibot';
import { Channel } from './channel.ts';
import { GithubRepository, GithubTag } from './github-repository.ts';
import { AddressArea, CustomisationArea, InitPath, ipxeFiles, KernelParam, Nixpkgs, Unpacked } from './image.ts';
import type { ImageId } from './image-id.ts';
import { MenuAddress } from './menu-address.ts';
import { Version } from './version.ts';
import { Arch, IPXE_ROLES, type Part, type Role, Sha256, Time, Variant } from './words.ts';

/** Name under which a file is saved: unique in its release, safe in a path, a header and a shell. */
export const FileName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][\w.+-]*$/), v.maxLength(200), v.brand('FileName'));
export type FileName = v.InferOutput<typeof FileName>;

/** One blob of an image. */
export const File = v.object({
  name: FileName,
  /** Bytes. */
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  sha256: Sha256,
  mediaType: v.pipe(v.string(), v.regex(/^[a-z]+\/[a-z0-9.+-]+$/)),
});
export type File = v.InferOutput<typeof File>;

const StorePath = v.pipe(v.string(), v.regex(/^\/[\w.+/-]+$/));

/** Where an image comes from: what is known of it depends on that. */
export const Origin = v.variant('from', [
  /** Built by this project's builder. */
  v.object({ from: v.literal('nix'), storePath: StorePath, derivation: StorePath, kernelVersion: v.string() }),
  /** Taken over from a GitHub release, whose assets do not say what they were built of. */
  v.object({ from: v.literal('github'), repository: GithubRepository, tag: GithubTag }),
]);
export type Origin = v.InferOutput<typeof Origin>;

const common = { arch: Arch, variant: Variant, origin: Origin };

export const KexecImage = v.object({
  ...common,
  kind: v.literal('kexec'),
  /** `store` where the initrd holds no system, but fetches it: a lean image. */
  files: v.object({ tarball: File, store: v.optional(File) }),
  unpacked: Unpacked,
  /** Absent in tarballs that were imported, or made before there was such an area. */
  customisation: v.optional(CustomisationArea),
});
export const IsoImage = v.object({
  ...common,
  kind: v.literal('iso'),
  files: v.object({ iso: File }),
  /** Absent when the ISO has no such area, as imported ones. */
  customisation: v.optional(CustomisationArea),
});
export const NetbootImage = v.object({
  ...common,
  kind: v.literal('netboot'),
  /** `store` as in a kexec image. */
  files: v.object({ kernel: File, initrd: File, store: v.optional(File) }),
  init: InitPath,
  kernelParams: v.array(KernelParam),
  unpacked: Unpacked,
  /**
   * The EFI file of the image, a unified kernel image: nowhere stored as a whole, but joined out of its head, the kernel and the
   * initrd while it is sent (unified-kernel-layout.ts). Absent in images that were imported, or made before there were any.
   */
  efi: v.optional(v.object({ head: File, whole: File })),
});

/** iPXE with a script that goes on at an edge's menu. */
export const IpxeImage = v.object({
  ...common,
  kind: v.literal('ipxe'),
  files: ipxeFiles(File),
  address: AddressArea,
  /** The menu whose address was written in; absent where there is none, and iPXE asks for one. */
  menu: v.optional(MenuAddress),
});

/** One kind × arch × variant of a release, with its files by role. */
export const Image = v.variant('kind', [KexecImage, IsoImage, NetbootImage, IpxeImage]);
export type Image = v.InferOutput<typeof Image>;
export type KexecImage = v.InferOutput<typeof KexecImage>;
export type IsoImage = v.InferOutput<typeof IsoImage>;
export type NetbootImage = v.InferOutput<typeof NetbootImage>;
export type IpxeImage = v.InferOutput<typeof IpxeImage>;

/** `releases/<version>/manifest.json`: everything that is known of a release; written once, never changed. */
export const Manifest = v.object({
  schema: v.literal(1),
  version: Version,
  channel: Channel,
  smoke: v.boolean(),
  /** When the manifest was made. */
  published: Time,
  /** Absent when the release was imported: nobody says what it was made of. */
  nixpkgs: v.optional(Nixpkgs),
  images: v.pipe(v.array(Image), v.minLength(1)),
});
export type Manifest = v.InferOutput<typeof Manifest>;

/** Every file of an image that is a blob with its role, in a fixed order. */
export function filesOf(image: Image): readonly { readonly role: Role; readonly file: File }[] {
  switch (image.kind) {
    case 'kexec':
      return [{ role: 'tarball', file: image.files.tarball }, ...storeOf(image)];
    case 'iso':
      return [{ role: 'iso', file: image.files.iso }];
    case 'netboot':
      return [
        { role: 'kernel', file: image.files.kernel },
        { role: 'initrd', file: image.files.initrd },
        ...storeOf(image),
        ...(image.efi === undefined ? [] : [{ role: 'head', file: image.efi.head } as const]),
      ];
    case 'ipxe':
      return IPXE_ROLES.flatMap((role) => {
        const file = image.files[role];
        return file === undefined ? [] : [{ role, file }];
      });
  }
}

function storeOf({ files: { store } }: KexecImage | NetbootImage): { role: Role; file: File }[] {
  return store === undefined ? [] : [{ role: 'store', file: store }];
}

/**
 * Every file that a release lists for an image, with the part of the image that it is: those that are blobs, and the EFI file that is
 * joined out of such.
 */
export function listedFilesOf(image: Image): readonly { readonly part: Role; readonly file: File }[] {
  const blobs = filesOf(image).map(({ role, file }) => ({ part: role, file }));
  return image.kind === 'netboot' && image.efi !== undefined
    ? [...blobs, { part: 'efi', file: image.efi.whole }]
    : blobs;
}

/** An image whose EFI file is joined out of blobs. */
export type EfiImage = NetbootImage & { readonly efi: NonNullable<NetbootImage['efi']> };

/** Whether a file that is listed for an image is its EFI file, which is joined out of blobs and none itself. */
export function isJoined(image: Image, file: File): image is EfiImage {
  return image.kind === 'netboot' && image.efi?.whole === file;
}

/** The blobs of an EFI file in their order; how they are joined is said in unified-kernel-layout.ts. */
export function blobsOfEfi({ efi, files }: EfiImage): readonly File[] {
  return [efi.head, files.kernel, files.initrd];
}

/** What a file's name is made of. */
export interface FileIdentity extends ImageId {
  readonly smoke: boolean;
  readonly version: Version;
  readonly part: Part;
}

const NAME_ENDING: Readonly<Record<Part, string>> = {
  tarball: '.tar.gz',
  iso: '.iso',
  kernel: '-kernel',
  initrd: '-initrd',
  store: '-store',
  head: '-head',
  efi: '.efi',
  kpxe: '.kpxe',
  lkrn: '.lkrn',
  img: '.img',
  script: '.ipxe',
  cmdline: '-cmdline',
  customisation: '-customisation',
};

/**
 * The name under which a part of an image is saved, such as `nixos-kexec-26.05.20260820.e17386d-x86_64-noninteractive.tar.gz`. A
 * manifest has the names of its files; the other parts have none but this.
 */
export function fileName({ smoke, kind, version, arch, variant, part }: FileIdentity): FileName {
  const family = smoke ? 'smoke' : 'nixos';
  return v.parse(FileName, `${family}-${kind}-${version}-${arch}-${variant}${NAME_ENDING[part]}`);
}

const MEDIA_TYPE: Readonly<Record<Role, string>> = {
  tarball: 'application/gzip',
  // With a hyphen, as EDK2 compares it: to firmware that boots over HTTP anything else is no disk.
  iso: 'application/vnd.efi-iso',
  kernel: 'application/octet-stream',
  initrd: 'application/octet-stream',
  store: 'application/octet-stream',
  head: 'application/octet-stream',
  efi: 'application/efi',
  kpxe: 'application/octet-stream',
  lkrn: 'application/octet-stream',
  img: 'application/vnd.efi-img',
};

/** The Content-Type of a file by what it is to its image. */
export function mediaTypeOf(part: Role): string {
  return MEDIA_TYPE[part];
}

/** `SHA256SUMS` of a release: one line a file, as `sha256sum -c` reads them, sorted by name. */
export function sha256Sums(manifest: Manifest): string {
  return manifest.images
    .flatMap(listedFilesOf)
    .map(({ file }) => file)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ sha256, name }) => `${sha256}  ${name}\n`)
    .join('');
}
