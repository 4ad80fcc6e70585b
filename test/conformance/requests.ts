import type { RawRequest } from './raw-request.ts';

/** What a server says of a file, for conditions that must name its own tag. */
export interface Validators {
  readonly etag: string;
  readonly modified: string;
}

/** A request whose conditions are written for whichever server it goes to. */
export interface Case {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly condition: Condition;
}

export interface Condition {
  readonly name: string;
  readonly headers: (validators: Validators) => Record<string, string>;
}

const METHODS = ['GET', 'HEAD'] as const;
const OTHER_METHODS = ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'] as const;

/** Ranges of a file of `size` bytes. */
function ranges(size: number): (string | undefined)[] {
  return [
    undefined,
    'bytes=0-',
    'bytes=0-0',
    'bytes=0-499',
    'bytes=500-999',
    `bytes=${size - 1}-`,
    `bytes=0-${size - 1}`,
    `bytes=0-${size * 2}`,
    'bytes=-1',
    'bytes=-500',
    `bytes=-${size * 2}`,
    'bytes=-0',
    `bytes=${size}-`,
    `bytes=${size}-${size + 10}`,
    'bytes=5-2',
    'bytes=abc',
    'bytes=-',
    'bytes=',
    'items=0-1',
    'BYTES=0-9',
    'bytes=0-9,20-29',
    `bytes=0-9,${size}-`,
    `bytes=${size}-,${size + 5}-`,
    'bytes= 0-9',
    'bytes=0-99999999999999999999',
  ];
}

const EARLIER = 'Thu, 01 Jan 2026 00:00:00 GMT';
const LATER = 'Sun, 01 Nov 2026 00:00:00 GMT';

const CONDITIONS: readonly Condition[] = [
  { name: 'no condition', headers: () => ({}) },
  { name: 'If-None-Match its tag', headers: ({ etag }) => ({ 'If-None-Match': etag }) },
  { name: 'If-None-Match its tag, weak', headers: ({ etag }) => ({ 'If-None-Match': `W/${etag}` }) },
  { name: 'If-None-Match a list with its tag', headers: ({ etag }) => ({ 'If-None-Match': `"x", ${etag}` }) },
  { name: 'If-None-Match *', headers: () => ({ 'If-None-Match': '*' }) },
  { name: 'If-None-Match another tag', headers: () => ({ 'If-None-Match': '"x"' }) },
  { name: 'If-None-Match unquoted', headers: () => ({ 'If-None-Match': 'x' }) },
  { name: 'If-Modified-Since its date', headers: ({ modified }) => ({ 'If-Modified-Since': modified }) },
  { name: 'If-Modified-Since earlier', headers: () => ({ 'If-Modified-Since': EARLIER }) },
  { name: 'If-Modified-Since later', headers: () => ({ 'If-Modified-Since': LATER }) },
  { name: 'If-Modified-Since no date', headers: () => ({ 'If-Modified-Since': 'yesterday' }) },
  {
    name: 'If-None-Match its tag, If-Modified-Since earlier',
    headers: ({ etag }) => ({ 'If-None-Match': etag, 'If-Modified-Since': EARLIER }),
  },
  {
    name: 'If-None-Match another tag, If-Modified-Since later',
    headers: () => ({ 'If-None-Match': '"x"', 'If-Modified-Since': LATER }),
  },
  { name: 'If-Match its tag', headers: ({ etag }) => ({ 'If-Match': etag }) },
  { name: 'If-Match its tag, weak', headers: ({ etag }) => ({ 'If-Match': `W/${etag}` }) },
  { name: 'If-Match *', headers: () => ({ 'If-Match': '*' }) },
  { name: 'If-Match another tag', headers: () => ({ 'If-Match': '"x"' }) },
  { name: 'If-Unmodified-Since its date', headers: ({ modified }) => ({ 'If-Unmodified-Since': modified }) },
  { name: 'If-Unmodified-Since earlier', headers: () => ({ 'If-Unmodified-Since': EARLIER }) },
  { name: 'If-Unmodified-Since no date', headers: () => ({ 'If-Unmodified-Since': 'yesterday' }) },
  {
    name: 'If-Match its tag, If-Unmodified-Since earlier',
    headers: ({ etag }) => ({ 'If-Match': etag, 'If-Unmodified-Since': EARLIER }),
  },
  { name: 'If-Range its tag', headers: ({ etag }) => ({ 'If-Range': etag }) },
  { name: 'If-Range its tag, weak', headers: ({ etag }) => ({ 'If-Range': `W/${etag}` }) },
  { name: 'If-Range another tag', headers: () => ({ 'If-Range': '"x"' }) },
  { name: 'If-Range its date', headers: ({ modified }) => ({ 'If-Range': modified }) },
  { name: 'If-Range later', headers: () => ({ 'If-Range': LATER }) },
];

const NO_CONDITION: Condition = { name: 'no condition', headers: () => ({}) };

/** The same path written in other ways; some of them are other paths. */
function spellings(path: string): string[] {
  const encoded = [...path].map((character) =>
    /\w/.test(character) ? `%${character.charCodeAt(0).toString(16)}` : character,
  );
  return [
    encoded.join(''),
    path.replace('k', '%6B'),
    path.replace('/', '//'),
    path.replace('_', '%5f'),
    `/.${path}`,
    `/x/..${path}`,
    `/%2e${path}`,
    `/x/%2e%2e${path}`,
    path.replace(/(?<=.)\//, '%2f'),
    `${path}/`,
    `${path}%00`,
    `${path}%zz`,
    `${path}%`,
    `${path}?a=b`,
    `${path}?`,
    `${path}%20`,
    path.toUpperCase(),
    '/does/not/exist',
  ];
}

/** Every request of the comparison for files of `size` bytes: methods × ranges × conditions on the first path, and spellings of all. */
export function cases(paths: readonly string[], size: number): Case[] {
  const [path = '/'] = paths;
  const product = METHODS.flatMap((method) =>
    ranges(size).flatMap((range) => CONDITIONS.map((condition) => ({ method, path, range, condition }))),
  );
  const spelled = paths.flatMap((path) =>
    METHODS.flatMap((method) =>
      spellings(path).map((spelling) => ({ method, path: spelling, range: undefined, condition: NO_CONDITION })),
    ),
  );
  const plain = paths.flatMap((path) =>
    METHODS.map((method) => ({ method, path, range: undefined, condition: NO_CONDITION })),
  );
  const methods = OTHER_METHODS.map((method) => ({ method, path, range: undefined, condition: NO_CONDITION }));
  return [...product, ...plain, ...spelled, ...methods];
}

/** The request of a case for one server. */
export function requestFor({ method, path, range, condition }: Case, validators: Validators): RawRequest {
  return {
    method,
    path,
    headers: { ...condition.headers(validators), ...(range === undefined ? {} : { Range: range }) },
  };
}
