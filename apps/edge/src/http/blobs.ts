import { blobKey } from '@nixos-images/shared';
import type { BlobPiece } from './representation.ts';

/** The bucket could not be asked, or does not have a blob as its manifest describes it. */
export class BlobUnavailable extends Error {
  override readonly name = 'BlobUnavailable';
  /** `absent`: the bucket lacks it or has other bytes; `unreachable`: the bucket did not answer. */
  readonly why: 'absent' | 'unreachable';

  constructor(why: 'absent' | 'unreachable', detail: string) {
    super(detail);
    this.why = why;
  }
}

/**
 * Opens a stretch of a blob as a stream whose length the runtime knows, so that an answer promises it, and breaks the connection if it
 * ends early. Rejects with BlobUnavailable before any byte if the stretch is not there in full.
 */
export type OpenBlob = (piece: BlobPiece) => Promise<ReadableStream<Uint8Array>>;

/** Reads blobs through the bucket's binding. */
export function blobsOfBucket(bucket: Pick<R2Bucket, 'get'>): OpenBlob {
  return async ({ sha256, size, range }) => {
    const key = blobKey(sha256);
    const object = await twice(() => bucket.get(key, { range: { ...range } })).catch((error: unknown) => {
      // 10039: the range is outside the object, which is therefore shorter than it should be.
      throw new BlobUnavailable(/10039/.test(String(error)) ? 'absent' : 'unreachable', `${key}: ${String(error)}`);
    });
    if (object === null) throw new BlobUnavailable('absent', `${key} is not in the bucket`);
    if (object.size !== size) {
      await object.body.cancel();
      throw new BlobUnavailable('absent', `${key} has ${object.size} bytes instead of ${size}`);
    }
    return object.body;
  };
}

/** R2 asks its clients to try again after an internal error; no byte has been sent yet, so once more is safe. */
export async function twice<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (/10039/.test(String(error))) throw error;
    return attempt();
  }
}
