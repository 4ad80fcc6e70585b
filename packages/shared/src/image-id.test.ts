import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { compareImageIds, formatImageId, type ImageId, imageIdOf, imageIdWord, isSameImage } from './image-id.ts';
import { ARCHES, KINDS, Variant } from './words.ts';

const id = (kind: ImageId['kind'], arch: ImageId['arch'], variant: string): ImageId => ({
  kind,
  arch,
  variant: v.parse(Variant, variant),
});

const ids: fc.Arbitrary<ImageId> = fc.record({
  kind: fc.constantFrom(...KINDS),
  arch: fc.constantFrom(...ARCHES),
  variant: fc
    .constantFrom('noninteractive', 'interactive', 'low-memory', 'a-b', 'ab')
    .map((name) => v.parse(Variant, name)),
});

describe('image ids', () => {
  it('are written in the order of an address', () => {
    expect(formatImageId(id('kexec', 'x86_64', 'noninteractive'))).toBe('kexec x86_64 noninteractive');
    expect(imageIdWord(id('netboot', 'aarch64', 'low-memory'))).toBe('netboot-aarch64-low-memory');
  });

  it('are taken alone from what has more', () => {
    expect(imageIdOf({ ...id('iso', 'x86_64', 'interactive'), ...{ files: {} } })).toEqual(
      id('iso', 'x86_64', 'interactive'),
    );
  });

  it('are sorted by kind and architecture, and the default variant comes first', () => {
    const sorted = [
      id('kexec', 'x86_64', 'noninteractive'),
      id('kexec', 'x86_64', 'interactive'),
      id('kexec', 'x86_64', 'low-memory'),
      id('kexec', 'aarch64', 'noninteractive'),
      id('iso', 'x86_64', 'interactive'),
      id('iso', 'x86_64', 'zfs'),
      id('netboot', 'x86_64', 'interactive'),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(sorted, { minLength: sorted.length }), (shuffled) => {
        expect(shuffled.toSorted(compareImageIds)).toEqual(sorted);
      }),
    );
  });

  it('are equal, written alike and sorted alike only when they mean the same image', () => {
    fc.assert(
      fc.property(ids, ids, (left, right) => {
        const same = isSameImage(left, right);
        expect(compareImageIds(left, right) === 0).toBe(same);
        expect(formatImageId(left) === formatImageId(right)).toBe(same);
        expect(imageIdWord(left) === imageIdWord(right)).toBe(same);
        // `+ 0`: the opposite of nothing is nothing.
        expect(Math.sign(compareImageIds(left, right))).toBe(-Math.sign(compareImageIds(right, left)) + 0);
      }),
    );
  });
});
