import { BLOB_PREFIX, blobKey, parseBlobKey, type Sha256 } from '@nixos-images/shared';
import type { Bucket } from './bucket.ts';

/** A multipart upload of a blob that was begun and never ended. */
export interface AbandonedUpload {
  readonly sha256: Sha256;
  readonly id: string;
  readonly begun: Date;
}

export interface AbandonedOptions {
  /** Milliseconds for which an upload is left alone: a publish may be in the middle of it. */
  readonly grace: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the uploads of blobs that are older than the grace period; of other keys they are someone else's. Undefined when the
 * server cannot list uploads.
 */
export async function findAbandonedUploads(
  bucket: Bucket,
  { grace }: AbandonedOptions,
): Promise<AbandonedUpload[] | undefined> {
  const uploads = await bucket.openUploads(BLOB_PREFIX);
  const now = (await bucket.now()).getTime();
  return uploads?.flatMap(({ key, id, begun }) => {
    const sha256 = parseBlobKey(key);
    const isOld = now - begun.getTime() > grace;
    return sha256 !== undefined && isOld ? [{ sha256, id, begun }] : [];
  });
}

/**
 * Aborts them. It needs no claim: readers never see an upload, and a publisher that was just about to go on with one notices
 * and begins another.
 * @returns what was aborted; undefined when the server cannot list uploads.
 */
export async function abortAbandonedUploads(
  bucket: Bucket,
  options: AbandonedOptions,
): Promise<AbandonedUpload[] | undefined> {
  const uploads = await findAbandonedUploads(bucket, options);
  for (const { sha256, id } of uploads ?? []) {
    options.signal?.throwIfAborted();
    await bucket.abortUpload(blobKey(sha256), id);
  }
  return uploads;
}
