import {
  type BootRecord,
  CATALOG_KEY,
  type Catalog,
  MalformedJson,
  type Manifest,
  NewerSchema,
  parseBootRecord,
  parseCatalog,
  parseManifest,
  parseReleaseKey,
  RELEASE_PREFIX,
  releaseKey,
  type Unknown,
  type Version,
} from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { notUnderstood } from './keep-unknown.ts';

/** How long caches may keep what never changes, and what does. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
export const REVALIDATE = 'no-cache';

/**
 * Parses an object of the bucket with one of the parsers of packages/shared.
 * @throws Failure that names the object, when it is of a newer schema or not ours.
 */
function parseStored<Value>(parse: (text: string, key: string) => Value, text: string, key: string): Value {
  try {
    return parse(text, key);
  } catch (error) {
    if (error instanceof NewerSchema) {
      throw new Failure(`${error.message}.`, {
        remedy: 'Update nixos-images, then run the same command again.',
        cause: error,
      });
    }
    if (!(error instanceof MalformedJson)) throw error;
    throw new Failure(`In the bucket, ${error.message}.`, {
      remedy: 'Is this bucket used by something else? Give the images one of their own, or repair the object.',
      cause: error,
    });
  }
}

/** A manifest with its very bytes, which signatures cover. */
export interface StoredManifest {
  /** As much of it as this builder understands. */
  readonly manifest: Manifest;
  readonly unknown: readonly Unknown[];
  readonly text: string;
}

/**
 * A manifest that is understood whole: another is not to be copied into the catalog, nor anything deleted by it.
 * @throws Failure that names what this builder does not know.
 */
export function requireUnderstood({ manifest, unknown }: StoredManifest): Manifest {
  if (unknown.length > 0) throw notUnderstood(releaseKey(manifest.version, 'manifest.json'), unknown);
  return manifest;
}

/** Reads a release's manifest; undefined when there is no such release. */
export async function readManifest(bucket: Bucket, version: Version): Promise<StoredManifest | undefined> {
  const key = releaseKey(version, 'manifest.json');
  const object = await bucket.read(key);
  if (object === undefined) return undefined;
  const { value: manifest, unknown } = parseStored(parseManifest, object.text, key);
  if (manifest.version !== version) {
    throw new Failure(`${key} says that it is ${manifest.version}.`, {
      remedy: 'Someone moved objects in the bucket: move them back.',
    });
  }
  return { manifest, unknown, text: object.text };
}

/** Reads a release's boot record; undefined when its images were not tried. */
export async function readBootRecord(bucket: Bucket, version: Version): Promise<BootRecord | undefined> {
  const key = releaseKey(version, 'boot.json');
  const object = await bucket.read(key);
  return object === undefined ? undefined : parseStored(parseBootRecord, object.text, key).value;
}

/** The catalog as it is stored, with the ETag that a compare-and-swap needs. */
export interface StoredCatalog {
  /** As much of it as this builder understands. */
  readonly catalog: Catalog;
  readonly unknown: readonly Unknown[];
  readonly text: string;
  readonly etag: string;
}

/** Reads the catalog; undefined in a bucket that has none yet. */
export async function readCatalog(bucket: Bucket): Promise<StoredCatalog | undefined> {
  const object = await bucket.read(CATALOG_KEY);
  if (object === undefined) return undefined;
  const { value: catalog, unknown } = parseStored(parseCatalog, object.text, CATALOG_KEY);
  return { catalog, unknown, text: object.text, etag: object.etag };
}

/** The versions of all releases that have a manifest, in the order of keys. */
export async function listVersions(bucket: Bucket): Promise<Version[]> {
  const versions: Version[] = [];
  for await (const { key } of bucket.list(RELEASE_PREFIX)) {
    const parts = parseReleaseKey(key);
    if (parts?.name === 'manifest.json') versions.push(parts.version);
  }
  return versions;
}
