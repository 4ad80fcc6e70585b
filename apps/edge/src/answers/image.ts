import {
  blobKey,
  blobsOfEfi,
  type Catalog,
  type CatalogStage,
  type Customisation,
  channelNamed,
  defaultVariant,
  EntryName,
  type File,
  fileName,
  filesOf,
  formatAddress,
  type Image,
  type ImageAddress,
  imageAddress,
  imageIdOf,
  isJoined,
  listedFilesOf,
  type Manifest,
  type NetbootImage,
  type Part,
  paddingTo,
  parseImageAddress,
  signatureKey,
  stagedChannels,
  UNIFIED_KERNEL_ALIGNMENT,
  Version,
} from '@nixos-images/shared';
import * as v from 'valibot';
import {
  type About,
  type BlobPiece,
  type Piece,
  type Representation,
  represent,
  representText,
  TEXT_TYPE,
  withEnd,
} from '../http/representation.ts';
import { cmdlineOf, netbootScript } from '../ipxe/netboot.ts';
import { findManifest } from '../objects.ts';
import { isProblem, type Problem, problem } from '../problem.ts';
import type { Answer, Found, Route, Sources } from './answer.ts';
import type { ImageDescription } from './descriptions.ts';
import { noSuchAddress, noSuchImage, noSuchRef, nothingPublished, withdrawn } from './problems.ts';

/** Answers `/<kind>[@<ref>]/<arch>[/<variant>][<suffix>]`, and says what is wrong with whatever else comes here. */
export async function answerImage({ path }: Route, sources: Sources): Promise<Answer> {
  const parsed = parseImageAddress(path);
  if (!parsed.ok) return noSuchAddress(parsed.problem, sources.snapshot.catalog);
  return answerImageAddress(parsed.address, sources, lastSegment(path));
}

/** Answers the address of an image without a customisation. @param segment the last one of the address as it was asked for. */
export async function answerImageAddress(address: ImageAddress, sources: Sources, segment: string): Promise<Answer> {
  const resolved = await resolveImage(address, sources);
  if (isProblem(resolved)) return resolved;
  const itself = await partOf(resolved, address.part, sources.settings.PUBLIC_ORIGIN);
  if (isProblem(itself)) return itself;
  const representation =
    address.view === 'itself'
      ? itself
      : await viewOf(address, resolved, { itself, customised: null, segment }, sources);
  if (isProblem(representation)) return representation;
  // A description tells of boot tests, which may run later.
  return foundImage(resolved, address, representation, address.view === 'json' ? 'briefly' : 'always', sources);
}

/** An image that an address means, with the release that it is of. */
export interface ResolvedImage {
  readonly manifest: Manifest;
  readonly image: Image;
  /** True if the address may give another release later. */
  readonly floating: boolean;
  /**
   * Milliseconds since 1970 at which the address began to give this release. For a floating one that is the promotion: a rollback
   * brings back an older release, and If-Modified-Since must still notice.
   */
  readonly since: number;
  /** Whether the address gave another release before. */
  readonly replaced: boolean;
}

/** Finds the release that an address means (the current ones in the catalog, all others by their manifests), and its image in it. */
export async function resolveImage(address: ImageAddress, sources: Sources): Promise<ResolvedImage | Problem> {
  const release = await resolveRelease(address, sources);
  if (isProblem(release)) return release;
  const image = imageOf(release.manifest, address);
  if (image !== undefined) return { ...release, image };
  const { kind, arch, variant = defaultVariant(kind) } = address;
  return noSuchImage(release.manifest, { kind, arch, variant });
}

/** The image of a release that an address means. */
export function imageOf(
  { images }: Manifest,
  { kind, arch, variant }: Pick<ImageAddress, 'kind' | 'arch' | 'variant'>,
): Image | undefined {
  const ofArch = images.filter((image) => image.kind === kind && image.arch === arch);
  const [only, second] = ofArch;
  return (
    ofArch.find((image) => image.variant === (variant ?? defaultVariant(kind))) ??
    // A release without the default variant means its only one.
    (variant === undefined && second === undefined ? only : undefined)
  );
}

async function resolveRelease(
  address: ImageAddress,
  { snapshot: { catalog }, read }: Sources,
): Promise<Omit<ResolvedImage, 'image'> | Problem> {
  const { ref } = address;
  const found = channelMeant(address, catalog);
  if (found?.stage === 'withdrawn') return withdrawn(found, catalog);
  if (found !== undefined) {
    const { current, promoted, former } = found.entry;
    return { manifest: current, floating: true, since: Date.parse(promoted), replaced: former.length > 0 };
  }
  if (ref === undefined) return nothingPublished();
  const version = v.safeParse(Version, ref);
  const manifest = version.success ? await findManifest(version.output, catalog, read) : undefined;
  if (manifest === undefined) return noSuchRef(ref, catalog);
  return { manifest, floating: false, since: Date.parse(manifest.published), replaced: false };
}

/**
 * The channel that an address means. `latest` is the newest stable one that has the image, so that a young channel without it takes
 * no address away; where none has it, the newest says so.
 */
function channelMeant(address: ImageAddress, catalog: Catalog): CatalogStage | undefined {
  const { ref = 'latest' } = address;
  const channels = stagedChannels(catalog, Date.now());
  return (
    channelNamed(ref, channels, ({ entry }) => imageOf(entry.current, address) !== undefined) ??
    channelNamed(ref, channels) ??
    // Where no stable channel exists, an address without a ref means the one channel that does.
    (address.ref === undefined ? channels.find(({ stage }) => stage !== 'withdrawn') : undefined)
  );
}

async function partOf(
  { manifest, image, floating, since }: ResolvedImage,
  part: Part,
  origin: string | undefined,
): Promise<Representation | Problem> {
  const location = imageAddress(image, { ref: manifest.version, part });
  const about = { name: partName(manifest, image, part), location, modified: since };
  const file = fileOf(image, part);
  if (file !== undefined)
    return representFile(image, file, { ...about, caching: floating ? 'revalidate' : 'immutable' });
  if (part === 'store')
    return problem(404, 'This image has no store: it is complete, and fetches nothing once it runs.');
  if (image.kind !== 'netboot') {
    return problem(
      404,
      `This ${image.kind} image has no ${part}. It has these:`,
      filesOf(image).map(({ role }) => imageAddress(image, { ref: manifest.version, part: role })),
    );
  }
  if (part === 'efi' || part === 'head') return noEfiFile(manifest, image);
  const text = part === 'script' ? netbootScript(manifest, image, origin) : `${cmdlineOf(manifest, image, origin)}\n`;
  // Written by the Worker, whose next version may write it better.
  return representText(text, { ...about, mediaType: TEXT_TYPE, caching: 'revalidate' });
}

/** What a description, a checksum or a signature is about. */
export interface Viewed {
  readonly itself: Representation;
  /** Null if the address adds nothing to the image. */
  readonly customised: ImageDescription['customisation'];
  /** The last segment of the address as it was asked for, with `.sha256` and the like. */
  readonly segment: string;
}

/** Answers `.sha256`, `.minisig` and `.json` of a part. */
export async function viewOf(
  { part, view, ref, customisation }: ImageAddress,
  { manifest, image, floating, since }: ResolvedImage,
  { itself, customised, segment }: Viewed,
  sources: Sources,
): Promise<Representation | Problem> {
  const name = partName(manifest, image, part, customisation);
  const location = imageAddress(image, { ref: manifest.version, part, customisation });
  const file = customisation === undefined ? fileOf(image, part) : undefined;
  const caching = floating || file === undefined ? 'revalidate' : 'immutable';
  const about = { name: `${name}.${view}`, location: `${location}.${view}`, modified: since } as const;
  const text = (line: string) => representText(line, { ...about, mediaType: TEXT_TYPE, caching });
  switch (view) {
    case 'itself':
      return itself;
    case 'sha256': {
      if (itself.sha256 === undefined) return undigested(location);
      const saved = savedName(segment.slice(0, -'.sha256'.length), part);
      if (saved !== undefined || file === undefined) return text(`${itself.sha256}  ${saved ?? name}\n`);
      return representSum(file, manifest, { modified: since, caching });
    }
    case 'minisig': {
      const signature = file && (await sources.read(signatureKey(manifest.version, file.name)));
      return signature === undefined ? unsigned(manifest, file) : text(signature.text);
    }
    case 'json': {
      const mediaType = itself.content['Content-Type'] ?? TEXT_TYPE;
      const described = file ?? { name, size: itself.size, sha256: itself.sha256 ?? null, mediaType };
      // Whoever downloads an image never waits for it.
      const { describeImage } = await import('./describe.ts');
      return describeImage(
        { manifest, image, ref, customisation, file: described, location, customised },
        about,
        sources,
      );
    }
  }
}

/** The last segment of a path. */
export function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * The name under which `wget` and its kin save what an address gives, and by which Packer and Ansible look for it in a checksum: the
 * address's last segment, if it has an extension or names a part. Undefined for others: `curl -OJ` saves those under the canonical name.
 */
function savedName(segment: string, part: Part): string | undefined {
  return segment.includes('.') || segment === part ? segment : undefined;
}

/** What was found of an image, with what the request log and the channel's state say of it. */
export function foundImage(
  { manifest: { channel, version }, image: { kind, arch, variant }, since, replaced }: Omit<ResolvedImage, 'floating'>,
  { part, view }: Pick<ImageAddress, 'part' | 'view'>,
  representation: Representation,
  holds: Found['holds'],
  { snapshot }: Sources,
): Found {
  return {
    representation: withEnd(
      replaced ? { ...representation, changed: since } : representation,
      snapshot.catalog.channels[channel]?.state,
    ),
    subject: { kind, arch, variant, channel, version, part, view },
    holds,
  };
}

/** A file of an image, out of its blob; or out of three, if it is the EFI file. */
export function representFile(
  image: Image,
  file: File,
  about: Pick<About, 'name' | 'location' | 'modified' | 'caching'>,
): Representation {
  const { sha256, mediaType } = file;
  const pieces = isJoined(image, file) ? blobsOfEfi(image).flatMap(alignedPieces) : [blobPiece(file)];
  return represent(pieces, { ...about, sha256, mediaType });
}

function alignedPieces(file: File): Piece[] {
  const padding = new Uint8Array(paddingTo(UNIFIED_KERNEL_ALIGNMENT, file.size));
  return [blobPiece(file), { from: 'memory', bytes: padding }];
}

/** All of a blob. */
export function blobPiece({ sha256, size }: File): BlobPiece {
  return { from: 'blob', key: blobKey(sha256), size, range: { offset: 0, length: size } };
}

/** The checksum of a file of a release, as it stands beside the file. */
export function representSum(
  { sha256, name }: File,
  { version }: Manifest,
  about: Pick<About, 'modified' | 'caching'>,
): Promise<Representation> {
  const sum = `${name}.sha256`;
  const location = formatAddress({ type: 'entry', version, name: v.parse(EntryName, sum) });
  return representText(`${sha256}  ${name}\n`, { ...about, name: sum, location, mediaType: TEXT_TYPE });
}

/** The file of an image that is a part; undefined for what the Worker writes itself. */
function fileOf(image: Image, part: Part): File | undefined {
  return listedFilesOf(image).find((listed) => listed.part === part)?.file;
}

/** The name under which a part is saved. */
export function partName(
  { smoke, version }: Manifest,
  image: Image,
  part: Part,
  customisation?: Customisation,
): string {
  const name = fileOf(image, part)?.name ?? fileName({ ...imageIdOf(image), smoke, version, part });
  return customisation === undefined ? name : `customised-${name}`;
}

function unsigned({ version }: Manifest, file: File | undefined): Problem {
  return file === undefined
    ? problem(404, 'This text is written by the server and not signed; the files that it names are.')
    : problem(404, `Release ${version} is not signed. Its checksums:`, [
        formatAddress({ type: 'entry', version, name: 'SHA256SUMS' }),
      ]);
}

/** What the EFI file, or its head, gets where there is none. */
export function noEfiFile({ version }: Manifest, image: NetbootImage): Problem {
  return problem(404, `Release ${version} was made without EFI files. What this image has:`, [
    imageAddress(image, { ref: version }),
    ...(['kernel', 'initrd', 'cmdline'] as const).map((part) => imageAddress(image, { ref: version, part })),
  ]);
}

function undigested(location: string): Problem {
  const sentence =
    'A customised file is put together while it is sent, so nobody knows its digest. How to check the rest of it:';
  return problem(404, sentence, [`${location}.json`]);
}
