import type { OpenBlob } from './blobs.ts';
import { lengthOf, type Piece } from './representation.ts';

/** A stream of several pieces, one after the other; the first blob is opened before this resolves. */
export async function joinPieces(pieces: readonly Piece[], openBlob: OpenBlob): Promise<ReadableStream> {
  const length = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  const firstBlob = pieces.find((piece) => piece.from === 'blob');
  const opened = firstBlob === undefined ? undefined : await openBlob(firstBlob);
  const { readable, writable } = new FixedLengthStream(length);
  // A failure also errors `readable`, which is where the client learns of it.
  pump(pieces, writable, (piece) => (piece === firstBlob && opened !== undefined ? opened : openBlob(piece))).catch(
    () => {},
  );
  return readable;
}

async function pump(
  pieces: readonly Piece[],
  writable: WritableStream<Uint8Array>,
  open: (piece: Extract<Piece, { from: 'blob' }>) => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>,
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
