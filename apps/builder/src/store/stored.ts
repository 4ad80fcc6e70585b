import {
  BootRecord,
  CATALOG_KEY,
  Catalog,
  MalformedJson,
  Manifest,
  parseJson,
  parseReleaseKey,
  RELEASE_PREFIX,
  releaseKey,
  type Version,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';

/** How long caches may keep what never changes, and what does. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
export const REVALIDATE = 'no-cache';

const Schema = v.object({ schema: v.number() });
const KNOWN_SCHEMA = 1;

/**
 * Parses an object of the bucket.
 * @throws Failure that names the object, when it is of a newer schema or not ours.
 */
export function parseStored<Type extends v.GenericSchema>(type: Type, text: string, key: string): v.InferOutput<Type> {
  try {
    const { schema } = parseJson(Schema, text, key);
    if (schema > KNOWN_SCHEMA) {
      throw new Failure(`${key} has schema ${schema}; this builder knows ${KNOWN_SCHEMA}.`, {
        remedy: 'Update nixos-images, then run the same command again.',
      });
    }
    return parseJson(type, text, key);
  } catch (error) {
    if (!(error instanceof MalformedJson)) throw error;
    throw new Failure(`In the bucket, ${error.message}.`, {
      remedy: 'Is this bucket used by something else? Give the images one of their own, or repair the object.',
      cause: error,
    });
  }
}

/** A manifest with its very bytes, which signatures cover. */
export interface StoredManifest {
  readonly manifest: Manifest;
  readonly text: string;
}

/** Reads a release's manifest; undefined when there is no such release. */
export async function readManifest(bucket: Bucket, version: Version): Promise<StoredManifest | undefined> {
  const key = releaseKey(version, 'manifest.json');
  const object = await bucket.read(key);
  if (object === undefined) return undefined;
  const manifest = parseStored(Manifest, object.text, key);
  if (manifest.version !== version) {
    throw new Failure(`${key} says that it is ${manifest.version}.`, {
      remedy: 'Someone moved objects in the bucket: move them back.',
    });
  }
  return { manifest, text: object.text };
}

/** Reads a release's boot record; undefined when its images were not tried. */
export async function readBootRecord(bucket: Bucket, version: Version): Promise<BootRecord | undefined> {
  const key = releaseKey(version, 'boot.json');
  const object = await bucket.read(key);
  return object === undefined ? undefined : parseStored(BootRecord, object.text, key);
}

/** The catalog with the ETag that a compare-and-swap needs; undefined in a bucket that has none yet. */
export async function readCatalog(bucket: Bucket): Promise<{ catalog: Catalog; etag: string } | undefined> {
  const object = await bucket.read(CATALOG_KEY);
  if (object === undefined) return undefined;
  return { catalog: parseStored(Catalog, object.text, CATALOG_KEY), etag: object.etag };
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
