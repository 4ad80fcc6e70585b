import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gzipMember, keepCrc } from './gzip-member.ts';

async function unpack(member: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(new Blob([member]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer(),
  );
}

describe('a gzip member', () => {
  it('unpacks to what was put in, however long', async () => {
    const length = fc.oneof(fc.nat({ max: 100 }), fc.constantFrom(65_534, 65_535, 65_536, 131_070, 131_071));
    await fc.assert(
      fc.asyncProperty(length, fc.nat({ max: 255 }), async (size, seed) => {
        const bytes = Uint8Array.from({ length: size }, (_, index) => index * 31 + seed);
        const unpacked = await unpack(gzipMember(bytes));
        expect(unpacked.length).toBe(size);
        expect(unpacked.every((byte, index) => byte === bytes[index])).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('bytes in place of zeros', () => {
  it('leave the CRC of what they stand in as it was, whatever they are', () => {
    const bytes = fc.uint8Array({ minLength: 4, maxLength: 300 });
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, area, after) => {
        keepCrc(area);
        // CRC and size end a member.
        const around = (middle: Uint8Array) =>
          gzipMember(Uint8Array.from([...before, ...middle, ...after]))
            .subarray(-8)
            .join();
        expect(around(area)).toBe(around(new Uint8Array(area.length)));
      }),
    );
  });
});
