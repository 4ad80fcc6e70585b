import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newcArchive } from './newc.ts';

const file = (path: string, content: Uint8Array) => ({ path, content, mode: 0o644 });

// The test of the customisation archive holds these archives against cpio itself.
describe('a newc archive', () => {
  it('starts with the magic and ends with the trailer', () => {
    const text = String.fromCharCode(...newcArchive([file('a', new Uint8Array([1]))]));
    expect(text.startsWith('070701')).toBe(true);
    expect(text.replace(/\0+$/, '').endsWith('TRAILER!!!')).toBe(true);
  });

  it('can be followed directly by another, and is the same for the same entries', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 5 }), (contents) => {
        const make = () => newcArchive(contents.map((content, index) => file('n'.repeat(index + 1), content)));
        expect(make().length % 512).toBe(0);
        expect(make()).toEqual(make());
      }),
    );
  });
});
