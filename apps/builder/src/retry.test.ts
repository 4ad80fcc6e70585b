import { expect, it } from 'vitest';
import { isTransient, PATIENT, pauseBefore } from './retry.ts';

it('repeats what may pass and nothing else', () => {
  expect([408, 429, 500, 502, 503, 504].every(isTransient)).toBe(true);
  expect([400, 401, 403, 404, 409, 412, 501].some(isTransient)).toBe(false);
});

it('waits longer with every try, up to a bound, and never less than the server asks', () => {
  const longest = [1, 2, 3, 20].map((attempt) => pauseBefore(attempt, PATIENT, undefined, () => 1));
  expect(longest).toEqual([250, 500, 1000, 15_000]);
  expect(pauseBefore(1, PATIENT, '3', () => 0)).toBe(3000);
  expect(pauseBefore(1, PATIENT, 'Wed, 21 Oct 2026 07:28:00 GMT', () => 0)).toBe(0);
});
