import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHttpDate } from './date.ts';
import { formatHttpDate } from './representation.ts';

const NOW = Date.UTC(2026, 10, 22);
const MOMENT = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('an HTTP date', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'may be written %s',
    (text) => {
      expect(readHttpDate(text, NOW)).toBe(MOMENT);
    },
  );

  it.each([
    '',
    '0',
    '2026-08-20T04:05:06Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 25:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ])('is not %j', (text) => {
    expect(readHttpDate(text, NOW)).toBeUndefined();
  });

  it('with two digits is at most 50 years ahead', () => {
    expect(readHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', NOW)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37));
    expect(readHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', NOW)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37));
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        expect(readHttpDate(formatHttpDate(seconds * 1000), NOW)).toBe(seconds * 1000);
      }),
    );
  });
});
