import type { Version } from './version.ts';
import type { Sha256 } from './words.ts';

/** Key of the one object that changes. */
export const CATALOG_KEY = 'catalog.json';

/** Key of a blob. */
export function blobKey(sha256: Sha256): string {
  return `blobs/sha256/${sha256}`;
}

/** The objects that describe a release. */
export const RELEASE_OBJECTS = ['manifest.json', 'SHA256SUMS', 'SHA256SUMS.minisig', 'boot.json'] as const;
export type ReleaseObject = (typeof RELEASE_OBJECTS)[number];

/** Key of one of the objects that describe a release. */
export function releaseKey(version: Version, object: ReleaseObject): string {
  return `releases/${version}/${object}`;
}
