import type { FileName } from './manifest.ts';
import type { Version } from './version.ts';
import type { Sha256 } from './words.ts';

/** Key of the one object that changes. */
export const CATALOG_KEY = 'catalog.json';

/** Key of a blob. */
export function blobKey(sha256: Sha256): string {
  return `blobs/sha256/${sha256}`;
}

/** Key of the minisign public key that the newest releases are signed with; absent when nothing is signed. */
export const PUBLIC_KEY_KEY = 'minisign.pub';

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

/** Key of one of the objects that describe a release. */
export function releaseKey(version: Version, object: ReleaseObject): string {
  return `releases/${version}/${object}`;
}

/** Key of the minisign signature of one file of a release; absent when the release is not signed. */
export function signatureKey(version: Version, file: FileName): string {
  return `releases/${version}/${file}.minisig`;
}
