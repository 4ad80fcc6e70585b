import { formatJson, type Manifest, releaseKey, sha256Sums, timeOf } from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Progress } from '../progress/progress.ts';
import type { Bucket, WriteOptions } from './bucket.ts';
import { type ReleaseDraft, sameContent } from './draft.ts';
import { readBack } from './read-back.ts';
import { ReleaseUploads, type UploadCounts } from './release-uploads.ts';
import { IMMUTABLE, readManifest, type StoredManifest } from './stored.ts';

/** What came of publishing. */
export interface Published extends UploadCounts {
  readonly manifest: Manifest;
  /** False when the very same release was in the bucket already. */
  readonly created: boolean;
}

/** Gives a released version more objects, once its manifest stands: signatures, provenance. */
export type Attach = (bucket: Bucket, stored: StoredManifest) => Promise<void>;

export interface PublishOptions {
  readonly progress: Progress;
  readonly attach?: Attach;
  /** Uploads of its files that were begun before the draft was put together. */
  readonly uploads?: ReleaseUploads;
}

/**
 * Brings a draft into the bucket as a release, in the order of docs/publishing.md: blobs, then the manifest, then
 * what belongs to it; then reads it all back. It moves no channel. Stopped anywhere, it goes on when it is run again.
 */
export async function publish(bucket: Bucket, draft: ReleaseDraft, options: PublishOptions): Promise<Published> {
  const uploads = options.uploads ?? new ReleaseUploads(bucket, draft.channel, options.progress);
  // Added again, those that are on their way cost nothing; and no manifest stands before all its blobs do.
  for (const blob of draft.blobs) uploads.add(blob);
  const counts = await uploads.finish();
  const { stored, created } = await settleManifest(bucket, draft);
  const { manifest } = stored;
  const sums = releaseKey(manifest.version, 'SHA256SUMS');
  await writeOnce(bucket, sums, sha256Sums(manifest), 'text/plain; charset=utf-8');
  await options.attach?.(bucket, stored);
  await readBack(bucket, stored);
  return { manifest, created, ...counts };
}

/** More releases of one nixpkgs revision than this are a mistake somewhere. */
const LAST_NUMBER = 999;

/** Finds the version of a draft, or takes the next free one, and writes its manifest. */
async function settleManifest(
  bucket: Bucket,
  draft: ReleaseDraft,
): Promise<{ stored: StoredManifest; created: boolean }> {
  const published = timeOf(await bucket.now());
  for (let number = 1; number <= LAST_NUMBER; number += 1) {
    const manifest = draft.manifestFor(number, published);
    const existing = await readManifest(bucket, manifest.version);
    if (existing === undefined) {
      const text = formatJson(manifest);
      const key = releaseKey(manifest.version, 'manifest.json');
      if (await bucket.write(key, text, once('application/json')))
        return { stored: { manifest, unknown: [], text }, created: true };
    }
    // Someone was faster; or it was this very write, whose answer was lost.
    const stored = existing ?? (await readManifest(bucket, manifest.version));
    if (stored !== undefined && stored.unknown.length === 0 && sameContent(stored.manifest, manifest)) {
      return { stored, created: existing === undefined && stored.manifest.published === published };
    }
  }
  throw new Failure(`There are ${LAST_NUMBER} releases of this revision of ${draft.channel} already.`, {
    remedy: 'Something publishes in a loop: end it. A new nixpkgs revision starts at 1 again.',
  });
}

function once(contentType: string): WriteOptions {
  return { contentType, cacheControl: IMMUTABLE, condition: { ifAbsent: true } };
}

/**
 * Writes an object that never changes; fine when it stands there already.
 * @throws Failure when something else stands there.
 */
export async function writeOnce(bucket: Bucket, key: string, text: string, contentType: string): Promise<void> {
  if (await bucket.write(key, text, once(contentType))) return;
  const existing = await bucket.read(key);
  if (existing?.text === text) return;
  throw new Failure(`${key} holds something else than this release needs there.`, {
    remedy: 'Something else wrote to the bucket: delete that object, then publish again.',
  });
}
