import * as v from 'valibot';
import { expect, it } from 'vitest';
import { ageInDays, isStale, STALE_AFTER_DAYS } from './age.ts';
import { Time } from './words.ts';

const promoted = v.parse(Time, '2026-08-20T00:00:00.000Z');
const live = { state: { status: 'live' as const }, promoted };
const later = (days: number) => new Date(Date.parse(promoted) + days * 24 * 60 * 60 * 1000);

it('calls a channel stale that got nothing for longer than the limit', () => {
  expect(ageInDays(live, later(3.5))).toBe(3.5);
  expect(isStale(live, later(STALE_AFTER_DAYS))).toBe(false);
  expect(isStale(live, later(STALE_AFTER_DAYS + 0.01))).toBe(true);
  expect(isStale(live, later(STALE_AFTER_DAYS + 1), 30)).toBe(false);
  expect(isStale({ ...live, stage: 'beta' }, later(30))).toBe(true);
});

it('expects no releases of a channel that ended', () => {
  expect(isStale({ ...live, state: { status: 'frozen', since: promoted, reason: 'over' } }, later(30))).toBe(false);
  expect(isStale({ ...live, stage: 'withdrawn' }, later(30))).toBe(false);
});
