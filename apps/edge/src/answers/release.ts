import {
  type Asset,
  EntryName,
  formatAddress,
  type ImageAddress,
  type Kind,
  listedFilesOf,
  type Manifest,
  parseAsset,
  RELEASE_OBJECTS,
  Ref,
  releaseKey,
  signatureKey,
  Variant,
  Version,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/representation.ts';
import { findBootRecord, findManifest, type ReadObject } from '../objects.ts';
import { isProblem, type Problem, problem, quote } from '../problem.ts';
import type { Answer, Route, Sources } from './answer.ts';
import type { ReleaseDescription } from './descriptions.ts';
import { answerImageAddress, foundImage, representFile, representSum } from './image.ts';
import { noSuchAsset, noSuchRef, noSuchVersion } from './problems.ts';

/** The release that a route names. */
export async function releaseOf(given: string, { snapshot: { catalog }, read }: Sources): Promise<Manifest | Problem> {
  const version = v.safeParse(Version, given);
  const manifest = version.success ? await findManifest(version.output, catalog, read) : undefined;
  return manifest ?? noSuchVersion(given, catalog);
}

/** Answers `/releases/<version>/<name>`: a file, its signature, or one of the objects that describe the release. */
export async function answerEntry({ params: { version = '', name = '' } }: Route, sources: Sources): Promise<Answer> {
  const manifest = await releaseOf(version, sources);
  if (isProblem(manifest)) return manifest;
  const entry = v.safeParse(EntryName, name);
  if (!entry.success) return noSuchAsset(name);
  const location = formatAddress({ type: 'entry', version: manifest.version, name: entry.output });
  const about = { name, location, modified: Date.parse(manifest.published), caching: 'immutable' } as const;
  for (const image of manifest.images) {
    const resolved = { manifest, image, since: about.modified, replaced: false };
    for (const { part, file } of listedFilesOf(image)) {
      if (`${file.name}.sha256` === name) {
        const sum = await representSum(file, manifest, about);
        return foundImage(resolved, { part, view: 'sha256' }, sum, 'always', sources);
      }
      if (String(file.name) !== name) continue;
      const itself = { part, view: 'itself' } as const;
      return foundImage(resolved, itself, representFile(image, file, about), 'always', sources);
    }
  }
  const key = keyOf(manifest, name);
  const object = key === undefined ? undefined : await sources.read(key);
  if (object === undefined)
    return problem(404, `Release ${version} has no file${quote(name)}. It has these:`, entriesOf(manifest));
  const { text, uploaded, mayChange } = object;
  const representation = await representText(text, {
    ...about,
    mediaType: name.endsWith('.json') ? JSON_TYPE : TEXT_TYPE,
    // Its writing may come long after the release, and If-Modified-Since must notice.
    modified: uploaded,
    caching: mayChange ? 'revalidate' : 'immutable',
  });
  return { representation, subject: undefined, holds: mayChange ? 'briefly' : 'always' };
}

/** The bucket's key of an entry that is no file of an image. */
function keyOf({ version, images }: Manifest, name: string): string | undefined {
  const object = RELEASE_OBJECTS.find((known) => known === name);
  if (object !== undefined) return releaseKey(version, object);
  const signed = images.flatMap(listedFilesOf).find(({ file }) => `${file.name}.minisig` === name);
  return signed === undefined ? undefined : signatureKey(version, signed.file.name);
}

/** Addresses of everything that a release surely has. */
function entriesOf({ version, images }: Manifest): string[] {
  const files = images.flatMap(listedFilesOf).map(({ file }) => file.name);
  return [...files.toSorted(), ...(['SHA256SUMS', 'manifest.json'] as const)].map((name) =>
    formatAddress({ type: 'entry', version, name }),
  );
}

/** Addresses of everything that a release has, with the signatures and records that it need not have. */
export async function allEntriesOf(manifest: Manifest, read: ReadObject): Promise<string[]> {
  const { version } = manifest;
  const sure = entriesOf(manifest);
  const objects = await Promise.all(
    RELEASE_OBJECTS.map(async (name) => {
      const address = formatAddress({ type: 'entry', version, name });
      return sure.includes(address) || (await read(releaseKey(version, name))) === undefined ? [] : [address];
    }),
  );
  return [...sure, ...objects.flat()];
}

/** Answers `/v1/releases/<version>.json`: the manifest of a release and its boot record. */
export async function answerReleaseJson({ params: { document = '' } }: Route, sources: Sources): Promise<Answer> {
  const given = document.replace(/\.json$/, '');
  if (given === document) return noSuchVersion(given, sources.snapshot.catalog);
  const manifest = await releaseOf(given, sources);
  if (isProblem(manifest)) return manifest;
  const { version, published } = manifest;
  const boot = await findBootRecord(version, sources.read);
  const description: ReleaseDescription = { manifest, boot: boot ?? null };
  const representation = await representText(`${JSON.stringify(description, null, 2)}\n`, {
    name: document,
    location: formatAddress({ type: 'release-description', version }),
    mediaType: JSON_TYPE,
    modified: Math.max(Date.parse(published), boot === undefined ? 0 : Date.parse(boot.time)),
    caching: 'revalidate',
  });
  return { representation, subject: undefined, holds: boot?.gate === 'run' ? 'always' : 'briefly' };
}

const INTERACTIVE = v.parse(Variant, 'interactive');

const KIND_OF: Readonly<Record<Asset['role'], Kind>> = {
  kexec: 'kexec',
  iso: 'iso',
  kernel: 'netboot',
  initrd: 'netboot',
  script: 'netboot',
};

/** Answers `/releases/latest/download/<asset>` and `/releases/download/<tag>/<asset>` of GitHub with the image that it is. */
export async function answerAsset({ params: { tag, asset: name = '' } }: Route, sources: Sources): Promise<Answer> {
  const ref = v.safeParse(v.optional(Ref), tag);
  if (!ref.success) return noSuchRef(tag ?? '', sources.snapshot.catalog);
  const asset = parseAsset(name);
  if (asset === undefined) return noSuchAsset(name);
  const address: ImageAddress = {
    type: 'image',
    customisation: undefined,
    kind: KIND_OF[asset.role],
    ref: ref.output,
    arch: asset.arch,
    variant: undefined,
    part: asset.role === 'kexec' ? 'tarball' : asset.role,
    view: 'itself',
  };
  if (asset.role !== 'kexec' || asset.noninteractive) return answerImageAddress(address, sources, name);
  // Those releases call the interactive tarball just `kexec-installer`; where only the other is made, it does the same job.
  const interactive = await answerImageAddress({ ...address, variant: INTERACTIVE }, sources, name);
  return isProblem(interactive) ? answerImageAddress(address, sources, name) : interactive;
}
