import { describe, expect, it } from 'vitest';
import { rateLimitWait } from './rate-limit.ts';

const NOW = 1_000_000;

describe('rateLimitWait', () => {
  it.each([
    ['waits as long as retry-after says', 403, { 'retry-after': '30', 'x-ratelimit-remaining': '0' }, '', 30],
    ['takes a whole retry-after of zero for a second', 429, { 'retry-after': 0 }, '', 1],
    [
      'waits for the reset when nothing remains',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${NOW + 90}` },
      '',
      90,
    ],
    [
      'does not wait for a reset that has passed',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${NOW - 5}` },
      '',
      1,
    ],
    [
      'waits a minute for a secondary limit without a time',
      403,
      {},
      'You have exceeded a secondary rate limit. Please wait.',
      60,
    ],
    [
      'takes a 403 for missing rights as it is',
      403,
      { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': `${NOW + 90}` },
      'Resource not accessible by personal access token',
      undefined,
    ],
    ['sees no limit in other errors', 502, { 'retry-after': '5' }, '', undefined],
  ])('%s', (_, status, headers, message, wait) => {
    expect(rateLimitWait(status, headers, message, NOW)).toBe(wait);
  });
});
