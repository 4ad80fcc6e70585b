import { Time } from '@nixos-images/shared';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { endHeaders } from './end-headers.ts';

const time = (text: string) => v.parse(Time, text);
const frozen = { status: 'frozen', since: time('2026-12-31T00:00:00.500Z'), reason: 'ended' } as const;

it('a live channel has no end', () => {
  expect(endHeaders({ status: 'live' })).toEqual([]);
});

it('a frozen channel says since when, in whole seconds, and until when if that is known', () => {
  expect(endHeaders(frozen)).toEqual([['Deprecation', '@1798675200']]);
  expect(endHeaders({ ...frozen, sunset: time('2027-06-30T00:00:00.000Z') })).toEqual([
    ['Deprecation', '@1798675200'],
    ['Sunset', 'Wed, 30 Jun 2027 00:00:00 GMT'],
  ]);
});
