import * as v from 'valibot';
import type { FileName } from './manifest.ts';
import { Version } from './version.ts';
import { Sha256 } from './words.ts';

/** Key of the one object that changes. */
export const CATALOG_KEY = 'catalog.json';

/** Key of the minisign public key that the newest releases are signed with; absent when nothing is signed. */
export const PUBLIC_KEY_KEY = 'minisign.pub';

/** What the keys of all blobs begin with, for those who list them. */
export const BLOB_PREFIX = 'blobs/sha256/';

/** What the keys of all objects of all releases begin with. */
export const RELEASE_PREFIX = 'releases/';

/** Key of a blob. */
export function blobKey(sha256: Sha256): string {
  return `${BLOB_PREFIX}${sha256}`;
}

/** The blob of a key; undefined for the key of anything else. */
export function parseBlobKey(key: string): Sha256 | undefined {
  if (!key.startsWith(BLOB_PREFIX)) return undefined;
  const sha256 = v.safeParse(Sha256, key.slice(BLOB_PREFIX.length));
  return sha256.success ? sha256.output : undefined;
}

/**
 * The objects that describe a release. Every release has the first two; the signatures, the provenance (a DSSE
 * envelope), the bill of materials (CycloneDX), the boot record and the record of the mirror may be absent.
 */
export const RELEASE_OBJECTS = [
  'manifest.json',
  'SHA256SUMS',
  'manifest.json.minisig',
  'SHA256SUMS.minisig',
  'provenance.json',
  'sbom.json',
  'boot.json',
  'mirror.json',
] as const;
export type ReleaseObject = (typeof RELEASE_OBJECTS)[number];

/** What the keys of all objects of one release begin with. */
export function releasePrefix(version: Version): string {
  return `${RELEASE_PREFIX}${version}/`;
}

/** Key of one of the objects that describe a release. */
export function releaseKey(version: Version, object: ReleaseObject): string {
  return `${releasePrefix(version)}${object}`;
}

/** Key of the minisign signature of one file of a release; absent when the release is not signed. */
export function signatureKey(version: Version, file: FileName): string {
  return `${releasePrefix(version)}${file}.minisig`;
}

/** The release that an object belongs to, and the object's name in it: one of `RELEASE_OBJECTS`, a signature, or what a later version adds. */
export interface ReleaseKeyParts {
  readonly version: Version;
  readonly name: string;
}

/** Takes the key of an object of a release apart; undefined for the key of anything else. */
export function parseReleaseKey(key: string): ReleaseKeyParts | undefined {
  if (!key.startsWith(RELEASE_PREFIX)) return undefined;
  const [folder, name, ...deeper] = key.slice(RELEASE_PREFIX.length).split('/');
  const version = v.safeParse(Version, folder);
  if (!version.success || name === undefined || name === '' || deeper.length > 0) return undefined;
  return { version: version.output, name };
}
