import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tagged, untagged } from './trunk-switch.ts';

const frame = fc.uint8Array({ minLength: 14, maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const tag = fc.integer({ min: 1, max: 4094 });

describe('a trunk port', () => {
  it('gives every frame back as it was sent', () => {
    fc.assert(
      fc.property(frame, tag, (frame, tag) => {
        expect(untagged(tagged(frame, tag), tag)).toEqual(frame);
      }),
    );
  });

  it('lets no frame of another VLAN pass', () => {
    fc.assert(
      fc.property(frame, tag, tag, (frame, tag, other) => {
        fc.pre(tag !== other);
        expect(untagged(tagged(frame, tag), other)).toBeUndefined();
      }),
    );
  });

  it('lets no frame without a tag pass', () => {
    const arp = Buffer.concat([Buffer.alloc(12, 0xff), Buffer.from([0x08, 0x06]), Buffer.alloc(46)]);
    expect(untagged(arp, 42)).toBeUndefined();
  });
});
