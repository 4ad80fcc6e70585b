import {
  blobKey,
  filesOf,
  listedFilesOf,
  type Manifest,
  releaseKey,
  releasePrefix,
  sha256Sums,
  signatureKey,
} from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { readManifest, type StoredManifest } from './stored.ts';

/**
 * Reads a release back as a reader would find it: manifest and sums to the letter, every blob there in its size.
 * @param stored the manifest with its very bytes: what stands there is compared with them, not with how this builder would write it.
 * @throws Failure that names the first thing that is not so.
 */
export async function readBack(bucket: Bucket, stored: StoredManifest): Promise<void> {
  const { manifest, text } = stored;
  const { version } = manifest;
  if ((await readManifest(bucket, version))?.text !== text) throw differs(releaseKey(version, 'manifest.json'));
  const sums = await bucket.read(releaseKey(version, 'SHA256SUMS'));
  if (sums?.text !== sha256Sums(manifest)) throw differs(releaseKey(version, 'SHA256SUMS'));
  await requireBlobs(bucket, manifest);
}

/**
 * Looks for everything that a reader of a release may ask for, as one listing and one look at each blob.
 * @throws Failure when something is missing: it was never written, or a collection took it.
 */
export async function requireRelease(bucket: Bucket, manifest: Manifest): Promise<void> {
  const { version } = manifest;
  const keys = new Set<string>();
  for await (const { key } of bucket.list(releasePrefix(version))) keys.add(key);
  const signed = keys.values().some((key) => key.endsWith('.minisig'));
  const signatures = signed
    ? manifest.images.flatMap(listedFilesOf).map(({ file }) => signatureKey(version, file.name))
    : [];
  const objects = signed
    ? (['manifest.json', 'SHA256SUMS', 'manifest.json.minisig', 'SHA256SUMS.minisig'] as const)
    : (['manifest.json', 'SHA256SUMS'] as const);
  const missing = [...objects.map((object) => releaseKey(version, object)), ...signatures].find(
    (key) => !keys.has(key),
  );
  if (missing !== undefined) {
    throw new Failure(`${missing} is missing.`, {
      remedy: `Publish ${manifest.channel} again: it writes what the bucket lacks.`,
    });
  }
  await requireBlobs(bucket, manifest);
}

/**
 * Looks for every blob of a release.
 * @throws Failure when one is missing or has the wrong size.
 */
export async function requireBlobs(bucket: Bucket, manifest: Manifest): Promise<void> {
  const blobs = new Map(manifest.images.flatMap(filesOf).map(({ file }) => [file.sha256, file]));
  await Promise.all(
    blobs.values().map(async ({ sha256, size, name }) => {
      const facts = await bucket.stat(blobKey(sha256));
      if (facts?.size === size) return;
      const found = facts === undefined ? 'is missing' : `has ${facts.size} bytes instead of ${size}`;
      throw new Failure(`The blob of ${name} (${blobKey(sha256)}) ${found}.`, {
        remedy: `Publish ${manifest.channel} again with --all: it uploads what the bucket lacks.`,
      });
    }),
  );
}

function differs(key: string): Failure {
  return new Failure(`${key} is not what was written there.`, {
    remedy: 'Something else writes to the bucket, or the server loses writes: find out before you publish again.',
  });
}
