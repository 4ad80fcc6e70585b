import { describe, expect, it } from 'vitest';
import { decide, RESUMES_AFTER } from './deliver.ts';

const ETAG = '"abc"';
const MODIFIED = 'Sun, 22 Nov 2026 10:00:00 GMT';
const EARLIER = 'Sun, 22 Nov 2026 09:59:59 GMT';
const LATER = 'Sun, 22 Nov 2026 10:00:01 GMT';
const validators = { etag: ETAG, modified: Date.parse(MODIFIED), changed: undefined };

function answer(headers: Record<string, string>, method = 'GET'): unknown {
  const decision = decide({ method, headers: new Headers(headers) }, validators, 100, () => Date.parse(LATER));
  return decision.answer === 'send' ? decision.range : decision.answer;
}

const PART = { offset: 0, length: 10 };

describe('conditions', () => {
  it.each<[string, Record<string, string>, unknown]>([
    ['no condition', {}, 'whole'],
    ['If-None-Match with the tag', { 'If-None-Match': ETAG }, 'not-modified'],
    ['If-None-Match with the tag made weak', { 'If-None-Match': `W/${ETAG}` }, 'not-modified'],
    ['If-None-Match with a list that has the tag', { 'If-None-Match': `"x", "a,b", ${ETAG}` }, 'not-modified'],
    ['If-None-Match with empty list elements', { 'If-None-Match': `, ,${ETAG}` }, 'not-modified'],
    ['If-None-Match: *', { 'If-None-Match': '*' }, 'not-modified'],
    ['If-None-Match with other tags', { 'If-None-Match': '"x", W/"y"' }, 'whole'],
    ['If-None-Match without quotes', { 'If-None-Match': 'abc' }, 'whole'],
    ['If-None-Match with a tag inside a tag', { 'If-None-Match': '"x"abc"' }, 'whole'],
    ['If-Modified-Since with the date', { 'If-Modified-Since': MODIFIED }, 'not-modified'],
    ['If-Modified-Since with an earlier date', { 'If-Modified-Since': EARLIER }, 'whole'],
    ['If-Modified-Since that is no date', { 'If-Modified-Since': 'yesterday' }, 'whole'],
    ['If-None-Match over If-Modified-Since', { 'If-None-Match': '"x"', 'If-Modified-Since': LATER }, 'whole'],
    ['If-Match with the tag', { 'If-Match': ETAG }, 'whole'],
    ['If-Match: *', { 'If-Match': '*' }, 'whole'],
    ['If-Match with the tag made weak', { 'If-Match': `W/${ETAG}` }, 'precondition-failed'],
    ['If-Match with another tag', { 'If-Match': '"x"' }, 'precondition-failed'],
    ['If-Unmodified-Since with the date', { 'If-Unmodified-Since': MODIFIED }, 'whole'],
    ['If-Unmodified-Since with an earlier date', { 'If-Unmodified-Since': EARLIER }, 'precondition-failed'],
    ['If-Match over If-Unmodified-Since', { 'If-Match': ETAG, 'If-Unmodified-Since': EARLIER }, 'whole'],
    ['If-Match before If-None-Match', { 'If-Match': '"x"', 'If-None-Match': ETAG }, 'precondition-failed'],
    ['a range', { Range: 'bytes=0-9' }, PART],
    ['a range outside', { Range: 'bytes=100-' }, 'range-not-satisfiable'],
    ['If-None-Match before a range', { Range: 'bytes=100-', 'If-None-Match': ETAG }, 'not-modified'],
    ['If-Range with the tag', { Range: 'bytes=0-9', 'If-Range': ETAG }, PART],
    ['If-Range with the tag made weak', { Range: 'bytes=0-9', 'If-Range': `W/${ETAG}` }, 'whole'],
    ['If-Range with another tag', { Range: 'bytes=0-9', 'If-Range': '"x"' }, 'whole'],
    ['If-Range with another tag and a range outside', { Range: 'bytes=100-', 'If-Range': '"x"' }, 'whole'],
    ['If-Range with the date', { Range: 'bytes=0-9', 'If-Range': MODIFIED }, PART],
    ['If-Range with a later date', { Range: 'bytes=0-9', 'If-Range': LATER }, 'whole'],
  ])('%s', (_, headers, expected) => {
    expect(answer(headers)).toEqual(expected);
  });

  it('leave ranges to GET', () => {
    expect(answer({ Range: 'bytes=0-9' }, 'HEAD')).toBe('whole');
    expect(answer({ Range: 'bytes=100-' }, 'HEAD')).toBe('whole');
  });
});

describe('of a file that took the place of another one', () => {
  const promotion = Date.parse(MODIFIED);
  const answerAt = (milliseconds: number, headers: Record<string, string>, method = 'GET'): unknown => {
    const request = { method, headers: new Headers(headers) };
    const decision = decide(request, { ...validators, changed: promotion }, 100, () => promotion + milliseconds);
    return decision.answer === 'send' ? decision.range : decision.answer;
  };

  it.each([
    ['bytes=40-', 'changed-lately'],
    ['bytes=100-', 'changed-lately'],
    ['bytes=0-', { offset: 0, length: 100 }],
    ['bytes=40-49', { offset: 40, length: 10 }],
    ['bytes=-10', { offset: 90, length: 10 }],
  ])('%s gets %o at first, because nobody can tell of which file the bytes before are', (range, expected) => {
    expect(answerAt(1000, { Range: range })).toEqual(expected);
  });

  it.each(['If-Range', 'If-Match'])('a rest is given to whoever names the file by %s', (header) => {
    expect(answerAt(1000, { Range: 'bytes=40-', [header]: ETAG })).toEqual({ offset: 40, length: 60 });
  });

  it('a rest is given when the promotion is long past, and HEAD is never refused', () => {
    expect(answerAt(RESUMES_AFTER, { Range: 'bytes=40-' })).toEqual({ offset: 40, length: 60 });
    expect(answerAt(1000, { Range: 'bytes=40-' }, 'HEAD')).toBe('whole');
  });
});
