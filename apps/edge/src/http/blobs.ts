import { blobKey } from '@nixos-images/shared';
import { contentRange } from './range.ts';
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

/** Reads blobs from a web server that has the bucket's keys as paths, such as the bucket's own domain behind a CDN cache. */
export function blobsOfOrigin(origin: string, fetcher: typeof fetch): OpenBlob {
  return async ({ sha256, size, range }) => {
    const url = `${origin}/${blobKey(sha256)}`;
    const whole = range.length === size;
    const headers = new Headers({ 'Accept-Encoding': 'identity' });
    if (!whole) headers.set('Range', `bytes=${range.offset}-${range.offset + range.length - 1}`);
    const response = await twice(() => fetcher(url, { headers })).catch((error: unknown) => {
      throw new BlobUnavailable('unreachable', `${url}: ${String(error)}`);
    });
    const right = whole
      ? response.status === 200 && response.headers.get('Content-Length') === String(size)
      : response.status === 206 && response.headers.get('Content-Range') === contentRange(range, size);
    if (right && response.body !== null) return response.body.pipeThrough(new FixedLengthStream(range.length));
    await response.body?.cancel();
    throw new BlobUnavailable(
      response.status >= 500 || response.status === 429 ? 'unreachable' : 'absent',
      `${url} answered ${response.status}, ${response.headers.get('Content-Range') ?? 'no Content-Range'}`,
    );
  };
}

/** R2 asks its clients to try again after an internal error; no byte has been sent yet, so once more is safe. */
async function twice<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (/10039/.test(String(error))) throw error;
    return attempt();
  }
}
