import {
  blobKey,
  blobsOfEfi,
  type File,
  type Image,
  isJoined,
  paddingTo,
  UNIFIED_KERNEL_ALIGNMENT,
} from '@nixos-images/shared';
import { type FileDigest, Hasher, type JoinedDigest, JoinedHasher } from '../digest.ts';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';

/** A blob, or a file joined out of several, that is not what its name promises; `problem` is what is the matter, to stand behind that. */
export class BlobFault extends Failure {
  readonly problem: string;

  constructor(what: string, problem: string, remedy: string) {
    super(`${what} ${problem}.`, { remedy });
    this.problem = problem;
  }
}

function blobOf({ name, sha256 }: File): string {
  return `The blob of ${name} (${blobKey(sha256)})`;
}

/**
 * Opens a blob.
 * @throws BlobFault when the bucket has none.
 */
export async function openBlob(bucket: Bucket, file: File): Promise<AsyncIterable<Uint8Array>> {
  const bytes = await bucket.open(blobKey(file.sha256));
  if (bytes !== undefined) return bytes;
  throw new BlobFault(
    blobOf(file),
    'is missing',
    'Publish its channel again with --all: it uploads what the bucket lacks.',
  );
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
  if (digest.size !== file.size)
    throw new BlobFault(blobOf(file), `has ${digest.size} bytes instead of ${file.size}`, remedy);
  if (digest.sha256 !== file.sha256) {
    throw new BlobFault(blobOf(file), 'is damaged: its bytes hash to something else', remedy);
  }
  return digest;
}

/**
 * Reads a file that a release lists for an image, as `readBlob` does: a blob, or the EFI file that is joined out of several.
 * @throws BlobFault when one is missing or damaged, or the whole is not what they make.
 */
export async function readFile(
  bucket: Bucket,
  image: Image,
  file: File,
  take: (bytes: Uint8Array) => void = () => {},
): Promise<JoinedDigest> {
  if (!isJoined(image, file)) return readBlob(bucket, file, take);
  const hasher = new JoinedHasher();
  for (const part of blobsOfEfi(image)) {
    await readBlob(bucket, part, (bytes) => {
      hasher.update(bytes);
      take(bytes);
    });
    hasher.update(new Uint8Array(paddingTo(UNIFIED_KERNEL_ALIGNMENT, part.size)));
  }
  const digest = hasher.end();
  if (digest.size === file.size && digest.sha256 === file.sha256) return digest;
  throw new BlobFault(
    file.name,
    'is not what its head, kernel and initrd make',
    'Publish its channel again with --all.',
  );
}
