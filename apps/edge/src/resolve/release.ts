import {
  aliasesOf,
  type Catalog,
  type Channel,
  channelOf,
  channelsOf,
  type ImageAddress,
  Manifest,
  parseJson,
  releaseKey,
  Version,
  versionsOf,
} from '@nixos-images/shared';
import * as v from 'valibot';
import type { WrittenOnce } from '../bucket/written-once.ts';
import { type Problem, problem, quote } from '../problem.ts';

/** The release that an address means. */
export interface ResolvedRelease {
  readonly manifest: Manifest;
  /** True if the address names the version itself, so that what it gives never changes. */
  readonly pinned: boolean;
  /**
   * Milliseconds since 1970 at which the address began to give this release. For a floating one that is the promotion: a rollback
   * brings back an older release, and If-Modified-Since must still notice.
   */
  readonly since: number;
}

/** Finds releases: the current ones in the catalog, all others by their manifests in the bucket. */
export async function resolveRelease(
  ref: ImageAddress['ref'],
  catalog: Catalog,
  objects: WrittenOnce,
  bucket: Pick<R2Bucket, 'get'>,
): Promise<ResolvedRelease | Problem> {
  const channels = channelsOf(catalog);
  const channel = channelOf(ref ?? 'latest', channels);
  if (channel !== undefined) return currentRelease(catalog, channel);
  if (ref === undefined) return resolveOnly(catalog, channels);
  const version = v.safeParse(Version, ref);
  if (version.success) {
    const manifest = await findManifest(version.output, catalog, objects, bucket);
    if (manifest !== undefined) return { manifest, pinned: true, since: Date.parse(manifest.published) };
  }
  return unknownRef(ref, catalog);
}

/** Where no stable channel exists, an address without a ref means the one channel that does. */
function resolveOnly(catalog: Catalog, channels: readonly Channel[]): ResolvedRelease | Problem {
  const [only] = channels;
  return only === undefined ? problem(503, 'Nothing is published here yet.') : currentRelease(catalog, only);
}

function currentRelease(catalog: Catalog, channel: Channel): ResolvedRelease | Problem {
  const entry = catalog.channels[channel];
  if (entry === undefined) return problem(404, `The channel ${channel} has no release.`);
  return { manifest: entry.current, pinned: false, since: Date.parse(entry.promoted) };
}

/** The manifest of a version: out of the catalog if it is a current one, else out of the bucket; undefined if there is none. */
export async function findManifest(
  version: Version,
  catalog: Catalog,
  objects: WrittenOnce,
  bucket: Pick<R2Bucket, 'get'>,
): Promise<Manifest | undefined> {
  const current = Object.values(catalog.channels).find((entry) => entry.current.version === version);
  if (current !== undefined) return current.current;
  const key = releaseKey(version, 'manifest.json');
  const object = await objects.read(bucket, key);
  return object === undefined ? undefined : parseJson(Manifest, object.text, key);
}

function unknownRef(ref: string, catalog: Catalog): Problem {
  const names = aliasesOf(channelsOf(catalog));
  const versions = versionsOf(catalog).map(({ version }) => version);
  return problem(404, `There is no channel or version${quote(ref)}. These exist:`, [
    ...names,
    ...versions.slice(0, 20),
  ]);
}

/** The answer for a version that has no manifest. */
export function unknownVersion(given: string, catalog: Catalog): Problem {
  const versions = versionsOf(catalog).map(({ version }) => `/releases/${version}/`);
  return problem(404, `There is no release${quote(given)}. These exist:`, versions.slice(0, 20));
}
