import { blobKey } from '@nixos-images/shared';
import pLimit from 'p-limit';
import { type FileDigest, PIECE } from '../digest.ts';
import { Failure } from '../failure.ts';
import type { Task } from '../progress/progress.ts';
import { PATIENT, persist } from '../retry.ts';
import type { Bucket, FileSlice, OpenUpload, UploadedPart } from './bucket.ts';
import { IMMUTABLE } from './stored.ts';

/** A file that is to be in the bucket as a blob. */
export interface BlobFile {
  readonly path: string;
  readonly digest: FileDigest;
}

/** Requests in flight: enough to fill a line with R2's latency; each needs a file descriptor and a buffer, no memory to speak of. */
export const CONCURRENCY = 4;

const BLOB_TYPE = 'application/octet-stream';

interface UploaderOptions {
  /** When it aborts, nothing more is begun; what is in flight goes on to its end. */
  readonly signal?: AbortSignal;
}

export interface Uploader {
  /** Brings a blob into the bucket unless it is there. */
  upload(file: BlobFile, task: Task): Promise<'uploaded' | 'present'>;
}

/**
 * Uploads blobs in parallel equal parts, all blobs sharing one limit of requests in flight. What is in the bucket is
 * skipped; a broken-off upload goes on where the server can list its parts.
 */
export function createUploader(bucket: Bucket, { signal }: UploaderOptions = {}): Uploader {
  const limit = pLimit(CONCURRENCY);
  return {
    async upload(file, task) {
      const key = blobKey(file.digest.sha256);
      // Someone else may end an upload: a racing publisher, the server's clean-up. It is begun again.
      return persist<'uploaded' | 'present'>(PATIENT, signal, async (number) => {
        if (await isPresent(bucket, key, file)) return { done: number === 1 ? 'present' : 'uploaded' };
        if (file.digest.pieces.length === 1) {
          const options = { contentType: BLOB_TYPE, cacheControl: IMMUTABLE, onBytes: task.advance };
          await limit(() => bucket.upload(key, sliceOf(file, 0), options));
          return { done: 'uploaded' };
        }
        if (await uploadParts(bucket, key, file, { task, limit, signal })) return { done: 'uploaded' };
        return { failure: endedByOthers(key, number) };
      });
    },
  };
}

function endedByOthers(key: string, times: number): Failure {
  return new Failure(`The upload of ${key} was ended by someone else ${times} times.`, {
    remedy: 'Look for a life-cycle rule of the bucket that aborts uploads, then publish again.',
  });
}

async function isPresent(bucket: Bucket, key: string, { digest }: BlobFile): Promise<boolean> {
  const facts = await bucket.stat(key);
  if (facts === undefined) return false;
  if (facts.size === digest.size) return true;
  throw new Failure(`The bucket holds ${facts.size} bytes under ${key}, which has ${digest.size}.`, {
    remedy: 'Something else wrote there: delete that object, then publish again.',
  });
}

function sliceOf({ path, digest }: BlobFile, index: number): FileSlice {
  const sha256 = digest.pieces[index];
  if (sha256 === undefined) throw new Failure(`${path} has no piece ${index}.`);
  const offset = index * PIECE;
  return { path, offset, length: Math.min(PIECE, digest.size - offset), sha256 };
}

interface PartsOptions {
  readonly task: Task;
  readonly limit: ReturnType<typeof pLimit>;
  readonly signal: AbortSignal | undefined;
}

/** False when the upload was ended by someone else. */
async function uploadParts(
  bucket: Bucket,
  key: string,
  file: BlobFile,
  { task, limit, signal }: PartsOptions,
): Promise<boolean> {
  const begun = await resumable(bucket, key, file);
  const id = begun?.id ?? (await bucket.beginUpload(key, BLOB_TYPE, IMMUTABLE));
  const done = begun?.parts ?? [];
  for (const { size } of done) task.advance(size);
  // Once one part has failed, the others that still wait need not be tried.
  let ended = false;
  const missing = file.digest.pieces
    .map((_, index) => index)
    .filter((index) => !done.some(({ number }) => number === index + 1));
  const sent = await Promise.allSettled(
    missing.map((index) =>
      limit(async () => {
        signal?.throwIfAborted();
        if (ended) return undefined;
        try {
          const part = await bucket.uploadPart({ key, id, number: index + 1 }, sliceOf(file, index), {
            onBytes: task.advance,
          });
          if (part === undefined) ended = true;
          return part;
        } catch (error) {
          ended = true;
          throw error;
        }
      }),
    ),
  );
  const failed = sent.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const parts = [
    ...done,
    ...sent.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : [])),
  ];
  if (ended || parts.length < file.digest.pieces.length) return false;
  if (
    !(await bucket.completeUpload(
      key,
      id,
      parts.toSorted((a, b) => a.number - b.number),
    ))
  )
    return false;
  await abortOthers(bucket, key, id);
  return true;
}

/** The broken-off upload of this blob that got farthest, with the parts of it that are whole. */
async function resumable(
  bucket: Bucket,
  key: string,
  { digest }: BlobFile,
): Promise<{ id: string; parts: UploadedPart[] } | undefined> {
  const uploads = await bucket.openUploads(key);
  const candidates: { id: string; parts: UploadedPart[] }[] = [];
  for (const { id } of (uploads ?? []).filter((upload) => upload.key === key)) {
    const parts = await bucket.partsOf(key, id);
    if (parts === undefined) continue;
    const expected = (number: number) => Math.min(PIECE, digest.size - (number - 1) * PIECE);
    // Another builder may have cut the file otherwise: then its upload is of no use.
    if (parts.every(({ number, size }) => size === expected(number))) candidates.push({ id, parts });
  }
  return candidates.toSorted((a, b) => b.parts.length - a.parts.length)[0];
}

/** Ends the other uploads of a blob that is whole now. A racing publisher notices, looks, and finds the blob. */
async function abortOthers(bucket: Bucket, key: string, completed: string): Promise<void> {
  const uploads: readonly OpenUpload[] = (await bucket.openUploads(key)) ?? [];
  for (const upload of uploads) {
    if (upload.key === key && upload.id !== completed) await bucket.abortUpload(key, upload.id);
  }
}
