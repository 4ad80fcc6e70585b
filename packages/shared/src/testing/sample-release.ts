import * as v from 'valibot';
import type { BootRecord } from '../boot-record.ts';
import { blobKey, CATALOG_KEY, releaseKey } from '../bucket-keys.ts';
import { Catalog } from '../catalog.ts';
import { Channel } from '../channel.ts';
import { type CustomisationArea, ownCmdlineOf } from '../image.ts';
import { File, fileName, type Image, Manifest, mediaTypeOf, sha256Sums } from '../manifest.ts';
import { addressArea, menuAddress } from '../menu-address.ts';
import { formatJson } from '../parse.ts';
import { unifiedKernelHead } from '../unified-kernel.ts';
import { paddingTo, UNIFIED_KERNEL_ALIGNMENT } from '../unified-kernel-layout.ts';
import { Version, versionParts } from '../version.ts';
import { ARCHES, type Arch, defaultVariant, KINDS, type Kind, type Part, type Role, Variant } from '../words.ts';
import { efiProgram } from './efi-program.ts';

/** A release out of made-up bytes, for tests of what serves releases. */
export interface SampleRelease {
  readonly manifest: Manifest;
  /** Every object that publishing it writes, by its key; the catalog is not among them. */
  readonly objects: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

export interface SampleOptions {
  readonly version: string;
  readonly channel: string;
  /** Bytes of each file. */
  readonly size: number;
  /** When it was published, such as `2026-08-20T04:05:06.000Z`. */
  readonly published: string;
  /** All of them unless said. */
  readonly kinds?: readonly Kind[];
  /** Kexec and netboot images of a variant `lean` have a store. */
  readonly variants?: readonly string[];
  /** Real bytes for a role instead of made-up ones. */
  readonly content?: {
    readonly role: Role;
    readonly bytes: Uint8Array<ArrayBuffer>;
    /** Where a tarball may be customised in place. */
    readonly area?: CustomisationArea;
  };
}

/** Bytes of the area in a sample ISO that a customisation replaces. */
export const SAMPLE_AREA = { offset: 2048, length: 1024 } as const;

/** Where the sample iPXE's ISO has the address of its menu, twice. */
export const SAMPLE_ADDRESSES = { length: 512, offsets: [1024, 2560] } as const;
const SAMPLE_MENU = menuAddress('https://built.example');

/** Makes a release of all architectures and kinds, or of those named, each with its default variant and those named. The same options give the same bytes. */
export async function sampleRelease(options: SampleOptions): Promise<SampleRelease> {
  const version = v.parse(Version, options.version);
  const objects = new Map<string, Uint8Array<ArrayBuffer>>();
  const images: Image[] = [];
  for (const kind of options.kinds ?? KINDS) {
    for (const arch of ARCHES) {
      for (const variant of new Set([
        defaultVariant(kind),
        ...(options.variants ?? []).map((name) => v.parse(Variant, name)),
      ])) {
        images.push(await sampleImage(kind, arch, variant, version, options, objects));
      }
    }
  }
  const { nixpkgs, revision } = versionParts(version);
  const manifest = v.parse(Manifest, {
    schema: 1,
    version,
    channel: v.parse(Channel, options.channel),
    smoke: true,
    published: options.published,
    nixpkgs: { version: nixpkgs, revision },
    images,
  });
  objects.set(releaseKey(version, 'manifest.json'), bytesOf(formatJson(manifest)));
  objects.set(releaseKey(version, 'SHA256SUMS'), bytesOf(sha256Sums(manifest)));
  const boot: BootRecord = {
    schema: 1,
    version,
    time: manifest.published,
    gate: 'skipped',
    reason: 'made-up bytes boot nothing',
  };
  objects.set(releaseKey(version, 'boot.json'), bytesOf(formatJson(boot)));
  return { manifest, objects };
}

async function sampleImage(
  kind: Kind,
  arch: Arch,
  variant: Variant,
  version: Version,
  { size: madeUp, content }: SampleOptions,
  objects: Map<string, Uint8Array<ArrayBuffer>>,
): Promise<Image> {
  const nameOf = (part: Part) => fileName({ smoke: true, kind, version, arch, variant, part });
  const describe = async (part: Role, bytes: Uint8Array<ArrayBuffer>): Promise<File> => {
    const sha256 = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
    return v.parse(File, { name: nameOf(part), size: bytes.length, sha256, mediaType: mediaTypeOf(part) });
  };
  const bytesOfRole = (role: Role): Uint8Array<ArrayBuffer> => {
    const bytes = content?.role === role ? content.bytes : sampleBytes(nameOf(role), madeUp);
    if (role === 'iso' && kind === 'iso') bytes.fill(0, SAMPLE_AREA.offset, SAMPLE_AREA.offset + SAMPLE_AREA.length);
    if (role === 'iso' && kind === 'ipxe') {
      const area = addressArea(SAMPLE_MENU, SAMPLE_ADDRESSES.length) ?? new Uint8Array();
      for (const offset of SAMPLE_ADDRESSES.offsets) if (offset + area.length <= bytes.length) bytes.set(area, offset);
    }
    return bytes;
  };
  const put = async (role: Role, bytes: Uint8Array<ArrayBuffer>): Promise<File> => {
    const file = await describe(role, bytes);
    objects.set(blobKey(file.sha256), bytes);
    return file;
  };
  const sampleFile = (role: Role) => put(role, bytesOfRole(role));
  const path = `/nix/store/00000000000000000000000000000000-${kind}-${arch}-${variant}`;
  const origin = { from: 'nix', storePath: path, derivation: `${path}.drv`, kernelVersion: '6.12.1' } as const;
  const common = { arch, variant, origin };
  const store = variant === 'lean' ? { store: await sampleFile('store') } : {};
  switch (kind) {
    case 'kexec':
      return {
        ...common,
        kind,
        files: { tarball: await sampleFile('tarball'), ...store },
        ...(content?.area === undefined ? {} : { customisation: content.area }),
      };
    case 'iso':
      return { ...common, kind, files: { iso: await sampleFile('iso') }, customisation: SAMPLE_AREA };
    case 'ipxe': {
      const efi = await sampleFile('efi');
      const { length, offsets } = SAMPLE_ADDRESSES;
      if (arch !== 'x86_64') return { ...common, kind, files: { efi }, address: { length, offsets: {} } };
      const files = { efi, lkrn: await sampleFile('lkrn'), iso: await sampleFile('iso') };
      return { ...common, kind, files, address: { length, offsets: { iso: [...offsets] } }, menu: SAMPLE_MENU };
    }
    case 'netboot': {
      const told = { init: '/init', kernelParams: ['console=ttyS0,115200', 'console=tty0'] };
      const [kernel, initrd] = [bytesOfRole('kernel'), bytesOfRole('initrd')];
      const head = unifiedKernelHead({
        stub: efiProgram(),
        osRelease: 'ID=nixos\n',
        commandLine: ownCmdlineOf(told),
        kernelSize: kernel.length,
        initrdSize: initrd.length,
      });
      const whole = [head, kernel, initrd].flatMap((part) => [
        part,
        new Uint8Array(paddingTo(UNIFIED_KERNEL_ALIGNMENT, part.length)),
      ]);
      return {
        ...common,
        kind,
        files: { kernel: await put('kernel', kernel), initrd: await put('initrd', initrd), ...store },
        ...told,
        efi: { head: await put('head', head), whole: await describe('efi', joined(whole)) },
      };
    }
  }
}

/** A catalog in which each release is its channel's current one, promoted a minute after it was published. */
export function sampleCatalog(
  manifests: readonly Manifest[],
  generation = 1,
): { key: string; catalog: Catalog; bytes: Uint8Array<ArrayBuffer> } {
  const moved = (manifest: Manifest) => new Date(Date.parse(manifest.published) + 60_000).toISOString();
  const catalog = v.parse(Catalog, {
    schema: 1,
    generation,
    updated: manifests.map(moved).toSorted().at(-1),
    channels: Object.fromEntries(
      manifests.map((manifest) => [
        manifest.channel,
        { state: { status: 'live' }, promoted: moved(manifest), current: manifest, former: [] },
      ]),
    ),
  });
  return { key: CATALOG_KEY, catalog, bytes: bytesOf(formatJson(catalog)) };
}

/** Bytes that look random and are always the same for a seed (a 32-bit xorshift). */
export function sampleBytes(seed: string, size: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = [...seed].reduce((sum, character) => (Math.imul(sum, 31) + character.charCodeAt(0)) | 0, 1) || 1;
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state >>> 0;
  }
  return new Uint8Array(words.buffer, 0, size);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
