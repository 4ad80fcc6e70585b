import type { Sha256 } from '@nixos-images/shared';
import type { ByteRange } from './range.ts';

/** Bytes that the Worker holds. */
export interface MemoryPiece {
  readonly from: 'memory';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Part of a blob of the bucket. */
export interface BlobPiece {
  readonly from: 'blob';
  readonly sha256: Sha256;
  /** Bytes of the whole blob, as its manifest has it. */
  readonly size: number;
  readonly range: ByteRange;
}

/** A stretch of a representation's bytes and where they come from. */
export type Piece = MemoryPiece | BlobPiece;

/** Bytes with everything that HTTP says about them. */
export interface Representation {
  /** In order; most representations are one piece. */
  readonly pieces: readonly Piece[];
  /** Bytes of all pieces. */
  readonly size: number;
  /** Undefined for bytes that are never all in one place. */
  readonly sha256: Sha256 | undefined;
  /** Strong, made of the SHA-256, with its quotes. */
  readonly etag: string;
  /** Milliseconds since 1970, of a whole second. */
  readonly modified: number;
  /** Headers of every answer about it, 304 and 416 included. */
  readonly always: Readonly<Record<string, string>>;
  /** Headers of answers that carry its bytes, beside length and range. */
  readonly content: Readonly<Record<string, string>>;
}

/** How many bytes a piece has. */
export function lengthOf(piece: Piece): number {
  return piece.from === 'memory' ? piece.bytes.length : piece.range.length;
}

/** The pieces that make up a range of a representation. */
export function slice(pieces: readonly Piece[], { offset, length }: ByteRange): Piece[] {
  const found: Piece[] = [];
  let start = 0;
  for (const piece of pieces) {
    const from = Math.max(offset - start, 0);
    const to = Math.min(offset + length - start, lengthOf(piece));
    if (from < to) found.push(cut(piece, from, to));
    start += lengthOf(piece);
  }
  return found;
}

function cut(piece: Piece, from: number, to: number): Piece {
  if (piece.from === 'memory') return { from: 'memory', bytes: piece.bytes.subarray(from, to) };
  return { ...piece, range: { offset: piece.range.offset + from, length: to - from } };
}
