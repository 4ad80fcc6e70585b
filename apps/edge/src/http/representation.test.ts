import { Time } from '@nixos-images/shared';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { lengthOf, type Piece, representText, slice, TEXT_TYPE, withEnd } from './representation.ts';

const BLOB = Uint8Array.from({ length: 64 }, (_, index) => index);

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes): Piece => ({ from: 'memory', bytes: Uint8Array.from(bytes) })),
  fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 24 })).map(
    ([offset, length]): Piece => ({
      from: 'blob',
      key: 'blobs/sha256/0',
      size: BLOB.length,
      range: { offset, length },
    }),
  ),
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

describe('the state of a channel', () => {
  const time = (text: string) => v.parse(Time, text);
  const frozen = { status: 'frozen', since: time('2026-12-31T00:00:00.500Z'), reason: 'ended' } as const;
  const about = { name: 'a', location: '/a', mediaType: TEXT_TYPE, modified: 0, caching: 'revalidate' } as const;

  it('that is live adds nothing', async () => {
    const text = await representText('a', about);
    expect(withEnd(text, { status: 'live' })).toEqual(text);
    expect(withEnd(text, undefined)).toEqual(text);
  });

  it('that is frozen says since when, in whole seconds, and until when if that is known', async () => {
    const text = await representText('a', about);
    const { Deprecation, Sunset } = withEnd(text, frozen).always;
    expect([Deprecation, Sunset]).toEqual(['@1798675200', undefined]);
    expect(withEnd(text, { ...frozen, sunset: time('2027-06-30T00:00:00.000Z') }).always).toMatchObject({
      Deprecation: '@1798675200',
      Sunset: 'Wed, 30 Jun 2027 00:00:00 GMT',
    });
  });
});
