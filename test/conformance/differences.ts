import type { RawResponse } from './raw-request.ts';
import type { Case } from './requests.ts';

/** A way in which the edge may differ from nginx. */
export interface Difference {
  /** The rule that the edge follows. */
  readonly because: string;
  readonly rfc: string;
  /** Whether it explains why these two answers to a request are not alike. */
  readonly explains: (request: Case, edge: RawResponse, nginx: RawResponse) => boolean;
}

/** The ranges of requests.ts that ask for more than one part, and those that are not well-formed. */
const SEVERAL = 'bytes=0-9,20-29';
const MALFORMED = ['bytes=5-2', 'bytes=abc', 'bytes=-', 'bytes='];

/** Every difference that there may be. One that is not listed fails the run; one that explains nothing any more does, too. */
export const DIFFERENCES: readonly Difference[] = [
  {
    because: 'Range is defined for GET only; a HEAD with one is answered as without.',
    rfc: 'RFC 9110, section 14.2',
    explains: ({ method, range }, edge, nginx) =>
      method === 'HEAD' && range !== undefined && edge.status === 200 && [206, 416].includes(nginx.status),
  },
  {
    because: 'Several ranges may be answered with the whole; no download client reads multipart/byteranges.',
    rfc: 'RFC 9110, section 14.2',
    explains: ({ range }, edge, nginx) => range === SEVERAL && edge.status === 200 && nginx.status === 206,
  },
  {
    because: 'A Range that is not well-formed may be ignored.',
    rfc: 'RFC 9110, section 14.2',
    explains: ({ range }, edge, nginx) =>
      MALFORMED.includes(range ?? '') && edge.status === 200 && nginx.status === 416,
  },
  {
    because: 'A last position beyond the end means the end, however many digits it has.',
    rfc: 'RFC 9110, section 14.1.2',
    explains: ({ range }, edge, nginx) => /-\d{20}$/.test(range ?? '') && edge.status === 206 && nginx.status === 416,
  },
  {
    because: 'If-Unmodified-Since is ignored where If-Match stands.',
    rfc: 'RFC 9110, section 13.1.4',
    explains: ({ condition }, edge, nginx) =>
      condition.name === 'If-Match its tag, If-Unmodified-Since earlier' && edge.status !== 412 && nginx.status === 412,
  },
  {
    because: 'If-Unmodified-Since that is no date is ignored.',
    rfc: 'RFC 9110, section 13.1.4',
    explains: ({ condition }, edge, nginx) =>
      condition.name === 'If-Unmodified-Since no date' && edge.status !== 412 && nginx.status === 412,
  },
  {
    because: 'If-Modified-Since is ignored where If-None-Match stands.',
    rfc: 'RFC 9110, section 13.1.3',
    explains: ({ condition }, edge, nginx) =>
      condition.name === 'If-None-Match its tag, If-Modified-Since earlier' &&
      edge.status === 304 &&
      nginx.status !== 304,
  },
  {
    because: '405 names the methods that are allowed.',
    rfc: 'RFC 9110, section 15.5.6',
    explains: (_, edge, nginx) =>
      edge.status === 405 &&
      nginx.status === 405 &&
      edge.headers.allow !== undefined &&
      nginx.headers.allow === undefined,
  },
  {
    because: 'OPTIONS tells what may be done.',
    rfc: 'RFC 9110, section 9.3.7',
    explains: ({ method }, edge, nginx) => method === 'OPTIONS' && edge.status === 204 && nginx.status === 405,
  },
  {
    because: 'An empty segment is a segment: //x is not /x.',
    rfc: 'RFC 3986, section 3.3',
    explains: ({ path }, edge, nginx) => path.includes('//') && edge.status === 404 && nginx.status === 200,
  },
  {
    because: 'A slash at the end says nothing: the server decides which spellings are one resource.',
    rfc: 'RFC 3986, section 6.2.4',
    explains: ({ path }, edge, nginx) => path.endsWith('/') && edge.status === 200 && nginx.status === 404,
  },
  {
    because: 'An encoded slash is data, not the end of a segment.',
    rfc: 'RFC 3986, section 2.2',
    explains: ({ path }, edge, nginx) => path.includes('%2f') && edge.status === 400 && nginx.status === 200,
  },
];
