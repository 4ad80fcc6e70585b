import { Memory } from '../objects.ts';
import { contentRange } from './range.ts';
import { type BlobPiece, lengthOf, type Piece } from './representation.ts';

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

/** Where the bytes of representations come from. */
export interface Blobs {
  /**
   * Opens a stretch of a blob as a stream whose length the runtime knows, so that an answer promises it, and breaks the connection if
   * it ends early. Rejects with BlobUnavailable before any byte if the stretch is not there in full.
   */
  readonly open: (piece: BlobPiece) => Promise<ReadableStream<Uint8Array>>;
  /** Why the blobs of these pieces could not be opened a moment ago; undefined as far as is known. */
  readonly faultOf: (pieces: readonly Piece[]) => BlobUnavailable | undefined;
}

/** What opening blobs came to lately, by their keys. */
export type BlobChecks = Memory<BlobUnavailable | 'fine'>;

/** A record of that. A minute: so long a HEAD says what the last GET met, and a monitor that asks every second reads once. */
export function blobChecks(): BlobChecks {
  return new Memory(500, () => 60_000);
}

/** Reads blobs from the bucket, or from a web server that has its keys as paths, such as its own domain behind a CDN cache. */
export function blobsOf(bucket: Pick<R2Bucket, 'get'>, origin: string | undefined, checks: BlobChecks): Blobs {
  return {
    async open(piece) {
      try {
        const stream = await (origin === undefined ? fromBucket(bucket, piece) : fromOrigin(origin, piece));
        if (checks.held(piece.key) instanceof BlobUnavailable) checks.hold(piece.key, 'fine');
        return stream;
      } catch (error) {
        if (error instanceof BlobUnavailable) checks.hold(piece.key, error);
        throw error;
      }
    },
    faultOf: (pieces) =>
      pieces
        .map((piece) => (piece.from === 'blob' ? checks.held(piece.key) : undefined))
        .find((check) => check instanceof BlobUnavailable),
  };
}

async function fromBucket(bucket: Pick<R2Bucket, 'get'>, { key, size, range }: BlobPiece) {
  const object = await withOneRetry(() => bucket.get(key, { range })).catch((error: unknown) => {
    throw new BlobUnavailable(isOutside(error) ? 'absent' : 'unreachable', `${key}: ${String(error)}`);
  });
  if (object === null) throw new BlobUnavailable('absent', `${key} is not in the bucket`);
  if (object.size === size) return object.body;
  await object.body.cancel();
  throw new BlobUnavailable('absent', `${key} has ${object.size} bytes instead of ${size}`);
}

async function fromOrigin(origin: string, { key, size, range }: BlobPiece) {
  const url = `${origin}/${key}`;
  const whole = range.length === size;
  const headers = new Headers({ 'Accept-Encoding': 'identity' });
  if (!whole) headers.set('Range', `bytes=${range.offset}-${range.offset + range.length - 1}`);
  const response = await withOneRetry(() => fetch(url, { headers })).catch((error: unknown) => {
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
}

/** R2 asks its clients to try again after an internal error; no byte has been sent yet, so once more is safe. */
async function withOneRetry<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (isOutside(error)) throw error;
    return attempt();
  }
}

/** R2's error 10039: the range is outside the object, which is therefore shorter than it should be. */
function isOutside(error: unknown): boolean {
  return /10039/.test(String(error));
}

/**
 * A body of exactly the bytes of `pieces`. The first blob is opened before this resolves, so that a fault can still become an error
 * status. If a later one ends early, the connection breaks: a client must never take a part for the whole.
 */
export async function openBody(pieces: readonly Piece[], { open }: Pick<Blobs, 'open'>): Promise<BodyInit> {
  const [only, second] = pieces;
  if (only === undefined) return '';
  // As it is: another stream around it would cost processor time for every byte.
  if (second === undefined) return only.from === 'memory' ? only.bytes : open(only);
  const firstBlob = pieces.find((piece) => piece.from === 'blob');
  const opened = firstBlob === undefined ? undefined : await open(firstBlob);
  const { readable, writable } = new FixedLengthStream(pieces.reduce((sum, piece) => sum + lengthOf(piece), 0));
  // A failure also errors `readable`, which is where the client learns of it.
  pump(pieces, writable, (piece) => (piece === firstBlob && opened !== undefined ? opened : open(piece))).catch(
    () => {},
  );
  return readable;
}

/** Writes the pieces, one after the other. */
async function pump(
  pieces: readonly Piece[],
  writable: WritableStream<Uint8Array>,
  open: (piece: BlobPiece) => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>,
): Promise<void> {
  try {
    for (const piece of pieces) {
      const last = piece === pieces.at(-1);
      if (piece.from === 'blob') {
        await (await open(piece)).pipeTo(writable, { preventClose: !last });
      } else {
        const writer = writable.getWriter();
        await writer.write(piece.bytes);
        if (last) await writer.close();
        writer.releaseLock();
      }
    }
  } catch (error) {
    await writable.abort(error).catch(() => {});
  }
}
