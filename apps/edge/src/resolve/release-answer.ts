import {
  type Address,
  type Asset,
  filesOf,
  type Image,
  type Kind,
  type Manifest,
  type Part,
  RELEASE_OBJECTS,
  type Ref,
  releaseKey,
  signatureKey,
  Variant,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/represent.ts';
import type { Representation } from '../http/representation.ts';
import { problem, quote } from '../problem.ts';
import type { Answer, Sources } from './answer.ts';
import { answerImage, representFile } from './image-answer.ts';
import { findManifest, unknownVersion } from './release.ts';

type EntryAddress = Extract<Address, { type: 'entry' }>;

/** Answers `/releases/<version>/<name>`: a file, its signature, or one of the objects that describe the release. */
export async function answerEntry({ version, name }: EntryAddress, sources: Sources): Promise<Answer> {
  const { objects, bucket, snapshot } = sources;
  const manifest = await findManifest(version, snapshot.catalog, objects, bucket);
  if (manifest === undefined) return unknownVersion(version, snapshot.catalog);
  const pinned = `/releases/${version}/${name}`;
  const about = { name, pinned, modified: Date.parse(manifest.published), lasting: 'forever' } as const;
  for (const image of manifest.images) {
    for (const { role, file } of filesOf(image)) {
      if (String(file.name) === name) return found(manifest, image, role, representFile(file, about));
    }
  }
  const key = keyOf(manifest, name);
  const object = key === undefined ? undefined : await objects.read(bucket, key);
  if (object !== undefined) {
    const mediaType = name.endsWith('.json') ? JSON_TYPE : TEXT_TYPE;
    const { text, uploaded, final } = object;
    // Dated by its writing: it may come long after the release, and If-Modified-Since must notice.
    const dated = { ...about, mediaType, modified: uploaded, lasting: final ? about.lasting : 'until-asked' } as const;
    return {
      representation: await representText(text, dated),
      subject: undefined,
      keep: final ? 'always' : 'briefly',
    };
  }
  return problem(404, `Release ${version} has no file${quote(name)}. It has these:`, entriesOf(manifest));
}

/** The bucket's key of an entry that is no file of an image. */
function keyOf({ version, images }: Manifest, name: string): string | undefined {
  const object = RELEASE_OBJECTS.find((known) => known === name);
  if (object !== undefined) return releaseKey(version, object);
  const signed = images.flatMap(filesOf).find(({ file }) => `${file.name}.minisig` === name);
  return signed === undefined ? undefined : signatureKey(version, signed.file.name);
}

/** Addresses of everything that a release surely has. */
export function entriesOf({ version, images }: Manifest): string[] {
  const names = images.flatMap(filesOf).map(({ file }): string => file.name);
  return [...names.toSorted(), 'SHA256SUMS', 'manifest.json'].map((name) => `/releases/${version}/${name}`);
}

/** Addresses of everything that a release has, with the signatures and records that it need not have. */
export async function allEntriesOf(
  manifest: Manifest,
  { objects, bucket }: Pick<Sources, 'objects' | 'bucket'>,
): Promise<string[]> {
  const { version } = manifest;
  const sure = entriesOf(manifest);
  const others = RELEASE_OBJECTS.filter((name) => !sure.includes(`/releases/${version}/${name}`));
  const found = await Promise.all(others.map((name) => objects.read(bucket, releaseKey(version, name))));
  const there = others.filter((_, index) => found[index] !== undefined);
  return [...sure, ...there.map((name) => `/releases/${version}/${name}`)];
}

function found(manifest: Manifest, { kind, arch, variant }: Image, part: Part, representation: Representation): Answer {
  const { channel, version } = manifest;
  return { representation, subject: { kind, arch, variant, channel, version, part, view: 'itself' }, keep: 'always' };
}

const INTERACTIVE = v.parse(Variant, 'interactive');

const KIND_OF: Readonly<Record<Asset['role'], Kind>> = {
  kexec: 'kexec',
  iso: 'iso',
  kernel: 'netboot',
  initrd: 'netboot',
  script: 'netboot',
};

/** Answers an asset of a GitHub release with the image that it is. */
export async function answerAsset(ref: Ref | undefined, asset: Asset, sources: Sources): Promise<Answer> {
  const part: Part = asset.role === 'kexec' ? 'tarball' : asset.role;
  const address = {
    type: 'image',
    customisation: undefined,
    kind: KIND_OF[asset.role],
    ref,
    arch: asset.arch,
    variant: undefined,
    part,
    view: 'itself',
  } as const;
  if (asset.role !== 'kexec' || asset.noninteractive) return answerImage(address, sources);
  // Those releases call the interactive tarball just `kexec-installer`; where only the other is made, it does the same job.
  const interactive = await answerImage({ ...address, variant: INTERACTIVE }, sources);
  return 'representation' in interactive ? interactive : answerImage(address, sources);
}
