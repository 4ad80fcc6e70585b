import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentRange, readRange } from './range.ts';

describe('a Range header', () => {
  it.each([
    [null, 'whole'],
    ['', 'whole'],
    ['bytes=', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=5-2', 'whole'],
    ['bytes=0-1-2', 'whole'],
    ['bytes 0-1', 'whole'],
    ['items=0-1', 'whole'],
    ['bytes=0-1,x', 'whole'],
    ['bytes=0-1,50-51', 'whole'],
    ['bytes=0-', { offset: 0, length: 100 }],
    ['bytes=0-0', { offset: 0, length: 1 }],
    ['bytes=99-', { offset: 99, length: 1 }],
    ['bytes=99-1000', { offset: 99, length: 1 }],
    ['bytes=-1', { offset: 99, length: 1 }],
    ['bytes=-1000', { offset: 0, length: 100 }],
    ['BYTES=1-2', { offset: 1, length: 2 }],
    ['bytes=, 1-2 ,', { offset: 1, length: 2 }],
    ['bytes=1-2,200-300', { offset: 1, length: 2 }],
    ['bytes=0-99999999999999999999999999', { offset: 0, length: 100 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=100-200', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=200-,300-400', 'unsatisfiable'],
    ['bytes=99999999999999999999999999-', 'unsatisfiable'],
  ])('%j of 100 bytes asks for %j', (header, expected) => {
    expect(readRange(header, 100)).toEqual(expected);
  });

  it('never finds a part in nothing', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        expect(['whole', 'unsatisfiable']).toContain(readRange(`bytes=${a}-${b}`, 0));
        expect(readRange(`bytes=-${a}`, 0)).toBe('unsatisfiable');
      }),
    );
  });

  it('gives the bytes that an array slice gives', () => {
    const bytes = Array.from({ length: 40 }, (_, index) => index);
    const position = fc.nat({ max: 60 });
    fc.assert(
      fc.property(position, position, (from, to) => {
        fc.pre(from <= to);
        const range = readRange(`bytes=${from}-${to}`, bytes.length);
        const expected = bytes.slice(from, to + 1);
        if (expected.length === 0) expect(range).toBe('unsatisfiable');
        else expect(range).toEqual({ offset: expected[0], length: expected.length });
      }),
    );
  });

  it('is answered with first, last and total', () => {
    expect(contentRange({ offset: 5, length: 10 }, 100)).toBe('bytes 5-14/100');
  });
});
