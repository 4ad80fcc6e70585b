import { type File, type Image, type ImageAddress, type Manifest, signatureKey } from '@nixos-images/shared';
import { represent, representText, TEXT_TYPE } from '../http/represent.ts';
import type { Representation } from '../http/representation.ts';
import { type Problem, problem } from '../problem.ts';
import type { Answer, Sources } from './answer.ts';
import { fileOf, partName, pinnedAddress, resolveImage } from './image.ts';
import { type ResolvedRelease, resolveRelease } from './release.ts';

/** Answers an address of an image: `/<kind>[@<ref>]/<arch>[/<variant>][<suffix>]`. */
export async function answerImage(address: ImageAddress, sources: Sources): Promise<Answer> {
  const { snapshot, objects, bucket } = sources;
  const release = await resolveRelease(address.ref, snapshot.catalog, objects, bucket);
  if ('sentence' in release) return release;
  const { manifest } = release;
  const { kind, arch, part, view } = address;
  const image = resolveImage(manifest, kind, arch, address.variant);
  if ('sentence' in image) return image;
  const representation = await viewOf({ ...address, release, image }, sources);
  if ('sentence' in representation) return representation;
  const { channel, version } = manifest;
  const subject = { kind, arch, variant: image.variant, channel, version, part, view };
  if (address.customisation !== undefined) return { representation, subject, keep: 'never' };
  // A description tells of boot tests, which may run later.
  return { representation, subject, keep: view === 'json' ? 'briefly' : 'always' };
}

/** A part of an image of a release, and what of it is asked for. */
export interface Meant extends Pick<ImageAddress, 'part' | 'view' | 'customisation'> {
  readonly release: ResolvedRelease;
  readonly image: Image;
}

async function viewOf(meant: Meant, sources: Sources): Promise<Representation | Problem> {
  const { release, image, part, view, customisation } = meant;
  const itself = await partOf(meant, sources);
  if ('sentence' in itself || view === 'itself') return itself;
  const { manifest, pinned, since } = release;
  const custom = customisation !== undefined;
  const name = `${custom ? 'customised-' : ''}${partName(manifest, image, part)}`;
  const pinnedPath = pinnedAddress(manifest, image, part, customisation);
  const about = { name: `${name}.${view}`, pinned: `${pinnedPath}.${view}`, modified: since, mediaType: TEXT_TYPE };
  const file = custom ? undefined : fileOf(image, part);
  const lasting = pinned && file !== undefined ? 'forever' : 'until-asked';
  switch (view) {
    case 'sha256':
      if (itself.sha256 === undefined) return undigested(pinnedPath);
      return representText(`${itself.sha256}  ${name}\n`, { ...about, lasting });
    case 'minisig': {
      const signature = file === undefined ? undefined : await signatureOf(manifest, file, sources);
      if (signature === undefined) return unsigned(manifest, file);
      return representText(signature, { ...about, lasting });
    }
    case 'json': {
      // Loaded here only: a download needs no description.
      const { representDescription } = await import('./describe.ts');
      return representDescription(meant, file ?? writtenFile(itself, name), about, sources);
    }
  }
}

async function partOf(meant: Meant, { settings }: Sources): Promise<Representation | Problem> {
  const { release, image, part, customisation } = meant;
  const { manifest, pinned, since } = release;
  if (customisation !== undefined) {
    // Loaded here only: plain downloads never need it.
    const { customisedPart } = await import('../customise/customised-part.ts');
    return customisedPart({ manifest, image, part, customisation, since }, settings.GITHUB_ORIGIN);
  }
  const name = partName(manifest, image, part);
  const about = { name, pinned: pinnedAddress(manifest, image, part), modified: since };
  const file = fileOf(image, part);
  if (file !== undefined) {
    return representFile(file, { ...about, lasting: pinned ? 'forever' : 'until-asked' });
  }
  if (image.kind !== 'netboot') return problem(404, `A ${image.kind} image has no ${part}.`);
  // Loaded here only: files need no script.
  const { cmdlineOf, netbootScript } = await import('../ipxe/netboot-script.ts');
  const text = part === 'script' ? netbootScript(manifest, image) : `${cmdlineOf(image)}\n`;
  // Written by the Worker, whose next version may write it better.
  return representText(text, { ...about, mediaType: TEXT_TYPE, lasting: 'until-asked' });
}

/** A file of a release, out of its blob. */
export function representFile(
  { size, sha256, mediaType }: File,
  about: Pick<Parameters<typeof represent>[1], 'name' | 'pinned' | 'modified' | 'lasting'>,
): Representation {
  return represent([{ from: 'blob', sha256, size, range: { offset: 0, length: size } }], {
    ...about,
    sha256,
    mediaType,
  });
}

async function signatureOf(manifest: Manifest, file: File, { objects, bucket }: Sources): Promise<string | undefined> {
  return (await objects.read(bucket, signatureKey(manifest.version, file.name)))?.text;
}

function unsigned({ version }: Manifest, file: File | undefined): Problem {
  return file === undefined
    ? problem(404, 'This text is written by the server and not signed; the files that it names are.')
    : problem(404, `Release ${version} is not signed. Its checksums:`, [`/releases/${version}/SHA256SUMS`]);
}

function undigested(pinned: string): Problem {
  const sentence =
    'A customised file is put together while it is sent, so nobody knows its digest. How to check the rest of it:';
  return problem(404, sentence, [`${pinned}.json`]);
}

function writtenFile({ size, sha256, content }: Representation, name: string) {
  return { name, size, sha256: sha256 ?? null, mediaType: content['Content-Type'] ?? TEXT_TYPE };
}
