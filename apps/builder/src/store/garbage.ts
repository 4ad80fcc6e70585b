import {
  BLOB_PREFIX,
  blobKey,
  type Catalog,
  type CatalogChannel,
  type Channel,
  channelsOf,
  filesOf,
  parseBlobKey,
  parseReleaseKey,
  RELEASE_PREFIX,
  releaseKey,
  type Sha256,
  type Version,
  versionsOf,
} from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Bucket, ObjectFacts } from './bucket.ts';
import { readManifest, requireUnderstood } from './stored.ts';

/** Which former releases of a channel stay. */
export interface Retention {
  /** The newest so many. */
  readonly releases: number;
  /** And all that were promoted in so many days. */
  readonly days: number;
}

const DAY = 24 * 60 * 60 * 1000;

/** The former releases of a channel that its retention lets go. */
export function expired({ former }: CatalogChannel, { releases, days }: Retention, now: number): Version[] {
  return former
    .filter(({ promoted }, index) => index >= releases && now - Date.parse(promoted) > days * DAY)
    .map(({ version }) => version);
}

/** What a collection would delete, seen from one state of the catalog. */
export interface Garbage {
  /** Releases that the catalog names no more once `expired` are struck off it, with the keys of their objects. */
  readonly releases: ReadonlyMap<Version, readonly string[]>;
  readonly blobs: readonly { readonly sha256: Sha256; readonly size: number }[];
  /** Former releases that the retention lets go. */
  readonly expired: ReadonlyMap<Channel, readonly Version[]>;
}

export interface GarbageOptions {
  /** Channels without an entry keep everything. */
  readonly retention: ReadonlyMap<Channel, Retention>;
  /** Milliseconds for which what nothing names is left alone: a publish may be about to name it. */
  readonly grace: number;
  /** Milliseconds since the epoch by the bucket's clock. */
  readonly now: number;
}

/**
 * Finds what can go. Keys of any other form are someone else's and are never looked at.
 * @throws Failure when the manifest of a release that stays cannot be read, or not be understood whole: then nothing can be known.
 */
export async function findGarbage(bucket: Bucket, catalog: Catalog, options: GarbageOptions): Promise<Garbage> {
  const { retention, grace, now } = options;
  const gone = new Map<Channel, Version[]>();
  for (const channel of channelsOf(catalog)) {
    const [entry, rule] = [catalog.channels[channel], retention.get(channel)];
    const versions = entry && rule ? expired(entry, rule, now) : [];
    if (versions.length > 0) gone.set(channel, versions);
  }
  const struck = new Set([...gone.values()].flat());
  const named = new Set(versionsOf(catalog).flatMap(({ version }) => (struck.has(version) ? [] : [version])));
  const isOld = ({ modified }: ObjectFacts) => now - modified.getTime() > grace;

  // Blobs are listed before releases: what is published in between names blobs that are young, or that its promotion
  // looks for again.
  const blobs: { sha256: Sha256; size: number }[] = [];
  for await (const facts of bucket.list(BLOB_PREFIX)) {
    const sha256 = parseBlobKey(facts.key);
    if (sha256 !== undefined && isOld(facts)) blobs.push({ sha256, size: facts.size });
  }
  const releases = new Map<Version, string[]>();
  const found = new Map<Version, ObjectFacts[]>();
  for await (const facts of bucket.list(RELEASE_PREFIX)) {
    const version = parseReleaseKey(facts.key)?.version;
    if (version !== undefined) found.set(version, [...(found.get(version) ?? []), facts]);
  }
  for (const [version, objects] of found) {
    // A release that was struck off is garbage whatever its age.
    if (named.has(version) || (!struck.has(version) && !objects.every(isOld))) continue;
    releases.set(version, walkBackwards(version, objects));
  }
  const staying = new Set([...named, ...[...found.keys()].filter((version) => !releases.has(version))]);
  const used = await blobsOf(bucket, staying, named);
  return { releases, blobs: blobs.filter(({ sha256 }) => !used.has(sha256)), expired: gone };
}

/** The manifest first: without it there is no release, so no reader sees half of one. */
function walkBackwards(version: Version, objects: readonly ObjectFacts[]): string[] {
  const manifest = releaseKey(version, 'manifest.json');
  const keys = objects.map(({ key }) => key);
  return [...keys.filter((key) => key === manifest), ...keys.filter((key) => key !== manifest)];
}

async function blobsOf(
  bucket: Bucket,
  versions: ReadonlySet<Version>,
  named: ReadonlySet<Version>,
): Promise<Set<Sha256>> {
  const used = new Set<Sha256>();
  for (const version of versions) {
    // As it is stored: the catalog's copy may have been made by an older builder. A role that this one does not know has blobs, too.
    const stored = await readManifest(bucket, version);
    const manifest = stored && requireUnderstood(stored);
    if (manifest === undefined && named.has(version)) {
      throw new Failure(`The catalog names ${version}, and its manifest is missing.`, {
        remedy: 'Run `nixos-images verify`; nothing was collected.',
      });
    }
    for (const { file } of manifest?.images.flatMap(filesOf) ?? []) used.add(file.sha256);
  }
  return used;
}

/** The key of every object that a collection deletes, in the order in which they go: releases, then blobs. */
export function keysOf({ releases, blobs }: Garbage): string[] {
  return [...[...releases.values()].flat(), ...blobs.map(({ sha256 }) => blobKey(sha256))];
}
