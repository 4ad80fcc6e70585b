import { blobKey, type File } from '@nixos-images/shared';
import { type FileDigest, Hasher } from '../digest.ts';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';

/** A blob that is not what its name promises; `problem` is what is the matter with it, to stand behind its key. */
export class BlobFault extends Failure {
  readonly problem: string;

  constructor({ name, sha256 }: File, problem: string, remedy: string) {
    super(`The blob of ${name} (${blobKey(sha256)}) ${problem}.`, { remedy });
    this.problem = problem;
  }
}

/**
 * Opens a blob.
 * @throws BlobFault when the bucket has none.
 */
export async function openBlob(bucket: Bucket, file: File): Promise<AsyncIterable<Uint8Array>> {
  const bytes = await bucket.open(blobKey(file.sha256));
  if (bytes !== undefined) return bytes;
  throw new BlobFault(file, 'is missing', 'Publish its channel again with --all: it uploads what the bucket lacks.');
}

/**
 * Reads a blob from its first to its last byte and holds it against its size and its digest.
 * @param take gets the bytes on the way; they may be wrong until this has ended.
 * @throws BlobFault when it is missing or damaged.
 */
export async function readBlob(
  bucket: Bucket,
  file: File,
  take: (bytes: Uint8Array) => Promise<void> | void = () => {},
): Promise<FileDigest> {
  const hasher = new Hasher();
  for await (const bytes of await openBlob(bucket, file)) {
    hasher.update(bytes);
    await take(bytes);
  }
  const digest = hasher.end();
  const remedy = `Delete ${blobKey(file.sha256)} from the bucket, then publish again with --all.`;
  if (digest.size !== file.size) throw new BlobFault(file, `has ${digest.size} bytes instead of ${file.size}`, remedy);
  if (digest.sha256 !== file.sha256) {
    throw new BlobFault(file, 'is damaged: its bytes hash to something else', remedy);
  }
  return digest;
}
