import { expect, it } from 'vitest';
import { formatBytes, formatCount, formatSeconds, formatShare } from './format.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_960, '1.0 MB'],
  [365_200_000, '365.2 MB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [9.4, '9 s'],
  [125, '2 min 5 s'],
  [3780, '1 h 3 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

it('counts one thing as one', () => {
  expect([0, 1, 2].map((count) => formatCount(count, 'blob'))).toEqual(['0 blobs', '1 blob', '2 blobs']);
});

it('says share, rate and time left of a counted task, and only what it knows of others', () => {
  expect(formatShare(50_000_000, 100_000_000, 5)).toBe('50 % of 100.0 MB, 10.0 MB/s, 5 s left');
  expect(formatShare(0, undefined, 3)).toBe('');
});
