import { Sha256 } from '@nixos-images/shared';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { lengthOf, type Piece, slice } from './representation.ts';

const sha256 = v.parse(Sha256, '0'.repeat(64));
const BLOB = Uint8Array.from({ length: 64 }, (_, index) => index);

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes): Piece => ({ from: 'memory', bytes: Uint8Array.from(bytes) })),
  fc
    .tuple(fc.nat({ max: 40 }), fc.nat({ max: 24 }))
    .map(([offset, length]): Piece => ({ from: 'blob', sha256, size: BLOB.length, range: { offset, length } })),
);

function bytesOf(pieces: readonly Piece[]): number[] {
  return pieces.flatMap((piece) =>
    piece.from === 'memory'
      ? [...piece.bytes]
      : [...BLOB.subarray(piece.range.offset, piece.range.offset + piece.range.length)],
  );
}

describe('a range of pieces', () => {
  it('has the bytes that the same range of the whole has', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        fc.nat({ max: 130 }),
        fc.nat({ max: 130 }),
        (pieces, offset, length) => {
          const part = slice(pieces, { offset, length });
          expect(bytesOf(part)).toEqual(bytesOf(pieces).slice(offset, offset + length));
          expect(part.every((piece) => lengthOf(piece) > 0)).toBe(true);
        },
      ),
    );
  });
});
