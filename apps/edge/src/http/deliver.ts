import { type Blobs, openBody } from './blobs.ts';
import { readHttpDate } from './date.ts';
import { type ByteRange, contentRange, type RangeRequest, readRange } from './range.ts';
import { isCompressible, type Representation, slice } from './representation.ts';

/** A response, and which bytes of the representation it sends, if any. */
export interface Delivery {
  readonly response: Response;
  readonly sent: ByteRange | undefined;
}

/**
 * Answers a GET or HEAD with a representation: 200, 206, 304, 409, 412 or 416.
 * @throws BlobUnavailable if a blob cannot be opened; no byte has been sent then.
 */
export async function deliver(request: Request, representation: Representation, blobs: Blobs): Promise<Delivery> {
  const { size, pieces, always } = representation;
  const decision = decide(request, representation, size, Date.now);
  switch (decision.answer) {
    case 'not-modified':
      return unsent(new Response(null, { status: 304, headers: headersOf(representation, request).always }));
    case 'precondition-failed':
      return unsent(
        new Response(sentence(request, 'The file is not the one that If-Match or If-Unmodified-Since asks for.\n'), {
          status: 412,
          headers: { ...representation.always, ...PLAIN },
        }),
      );
    case 'range-not-satisfiable':
      return unsent(
        new Response(sentence(request, `The range is outside the file, which has ${size} bytes.\n`), {
          status: 416,
          headers: { ...representation.always, ...PLAIN, 'Content-Range': `bytes */${size}` },
        }),
      );
    case 'changed-lately': {
      const text = `The file at this address was replaced a short while ago: what you have of it may be of the one before. Download it anew, or go on at the address of the release that you began with (all are at /releases/; this one is ${always['Content-Location']}).\n`;
      return unsent(new Response(text, { status: 409, headers: { ...always, ...PLAIN, 'Cache-Control': 'no-store' } }));
    }
    case 'send': {
      const { range } = decision;
      const { whole } = headersOf(representation, request);
      if (request.method === 'HEAD') {
        // RFC 9110, section 9.3.2: what GET would be told, as far as that is known without reading.
        const fault = blobs.faultOf(pieces);
        if (fault !== undefined) throw fault;
        return unsent(new Response(null, { headers: whole }));
      }
      if (range === 'whole') {
        const response = new Response(await openBody(pieces, blobs), { headers: whole });
        return { response, sent: { offset: 0, length: size } };
      }
      const response = new Response(await openBody(slice(pieces, range), blobs), { status: 206, headers: whole });
      response.headers.set('Content-Length', String(range.length));
      response.headers.set('Content-Range', contentRange(range, size));
      return { response, sent: range };
    }
  }
}

function unsent(response: Response): Delivery {
  return { response, sent: undefined };
}

interface PreparedHeaders {
  readonly always: Headers;
  readonly whole: Headers;
  /** For an answer that may be compressed behind the Worker; undefined where none is. */
  readonly coded: Pick<PreparedHeaders, 'always' | 'whole'> | undefined;
}

const prepared = new WeakMap<Representation, PreparedHeaders>();

/**
 * The headers of a representation as the runtime keeps them: made once, because most are sent many times. A strong tag and a digest
 * are about one content coding (RFC 9110, section 8.8.3.3; RFC 9530, section 3), so who accepts another one gets a weak tag and no digest.
 */
function headersOf(representation: Representation, { headers }: Request): Pick<PreparedHeaders, 'always' | 'whole'> {
  const made = prepared.get(representation) ?? prepare(representation);
  return made.coded !== undefined && /\b(gzip|br|zstd|deflate)\b|\*/.test(headers.get('Accept-Encoding') ?? '')
    ? made.coded
    : made;
}

function prepare(representation: Representation): PreparedHeaders {
  const { always, content, size } = representation;
  const length = { 'Content-Length': String(size) };
  const { 'Repr-Digest': _, ...undigested } = content;
  const weak = { ...always, ETag: `W/${representation.etag}` };
  const made = {
    always: new Headers(always),
    whole: new Headers({ ...always, ...content, ...length }),
    coded: isCompressible(content['Content-Type'] ?? '')
      ? { always: new Headers(weak), whole: new Headers({ ...weak, ...undigested, ...length }) }
      : undefined,
  };
  prepared.set(representation, made);
  return made;
}

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8' } as const;

function sentence(request: Request, text: string): string | null {
  return request.method === 'HEAD' ? null : text;
}

/** What conditions are held against. */
export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string;
  /** Milliseconds since 1970, of a whole second. */
  readonly modified: number;
  /** When the address began to give this instead of other bytes, if it did. */
  readonly changed: number | undefined;
}

/** What a request gets: 200 or 206 (`send`), 304, 409 (`changed-lately`), 412 or 416. */
export type Decision =
  | { readonly answer: 'send'; readonly range: Exclude<RangeRequest, 'unsatisfiable'> }
  | { readonly answer: 'not-modified' }
  | { readonly answer: 'precondition-failed' }
  | { readonly answer: 'range-not-satisfiable' }
  | { readonly answer: 'changed-lately' };

/** As much of a request as conditions and ranges are in. */
type ConditionalRequest = { readonly method: string; readonly headers: Pick<Headers, 'get'> };

/** Evaluates conditions and range of a GET or HEAD in RFC 9110's order of precedence (section 13.2.2). */
export function decide(request: ConditionalRequest, validators: Validators, size: number, now: () => number): Decision {
  const { headers } = request;
  const ifMatch = headers.get('If-Match');
  const ifUnmodifiedSince = ifMatch === null ? dateOf(headers.get('If-Unmodified-Since'), now) : undefined;
  if (ifMatch !== null && !listHas(ifMatch, validators.etag, 'strong')) return { answer: 'precondition-failed' };
  if (ifUnmodifiedSince !== undefined && validators.modified > ifUnmodifiedSince) {
    return { answer: 'precondition-failed' };
  }
  const ifNoneMatch = headers.get('If-None-Match');
  const ifModifiedSince = ifNoneMatch === null ? dateOf(headers.get('If-Modified-Since'), now) : undefined;
  if (ifNoneMatch !== null && listHas(ifNoneMatch, validators.etag, 'weak')) return { answer: 'not-modified' };
  if (ifModifiedSince !== undefined && validators.modified <= ifModifiedSince) return { answer: 'not-modified' };

  // Range is defined for GET only (section 14.2).
  const rangeHeader = request.method === 'GET' ? headers.get('Range') : null;
  if (rangeHeader === null || !rangeApplies(headers.get('If-Range'), validators, now)) {
    return { answer: 'send', range: 'whole' };
  }
  const conditional = ['If-Range', 'If-Match', 'If-Unmodified-Since'].some((name) => headers.get(name) !== null);
  if (!conditional && isResumption(rangeHeader) && changedLately(validators, now)) return { answer: 'changed-lately' };
  const range = readRange(rangeHeader, size);
  return range === 'unsatisfiable' ? { answer: 'range-not-satisfiable' } : { answer: 'send', range };
}

/**
 * For so long, in milliseconds, nobody goes on blindly with a file that was replaced: long enough for downloads that were under way,
 * short enough for those that began since.
 */
export const RESUMES_AFTER = 30 * 60 * 1000;

/**
 * What `curl -C -`, `wget -c`, busybox and lftp ask for, whose first part may be of the file before. An error is all that stops every
 * one of them: after a 200 wget cuts the first bytes off and appends the rest, after a 416 wget and curl take the file for complete.
 */
function isResumption(range: string): boolean {
  return /^bytes=0*[1-9]\d*-$/i.test(range.trim());
}

function changedLately({ changed }: Validators, now: () => number): boolean {
  return changed !== undefined && now() - changed < RESUMES_AFTER;
}

/** If-Range takes one strong entity tag, or the very date of Last-Modified (section 13.1.5). */
function rangeApplies(ifRange: string | null, { etag, modified }: Validators, now: () => number): boolean {
  if (ifRange === null) return true;
  const value = ifRange.trim();
  return value === etag || readHttpDate(value, now()) === modified;
}

function dateOf(header: string | null, now: () => number): number | undefined {
  return header === null ? undefined : readHttpDate(header.trim(), now());
}

/** One entity tag and what parts it from the next (section 8.8.3; obs-text included). */
const ENTITY_TAG = /[ \t]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)/y;

/** Whether `*` or a list of entity tags has the tag; a list that cannot be read counts up to its fault. */
function listHas(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  const tag = new RegExp(ENTITY_TAG);
  // Leading commas are empty list elements.
  tag.lastIndex = /^[ \t,]*/.exec(list)?.[0].length ?? 0;
  for (let match = tag.exec(list); match !== null; match = tag.exec(list)) {
    if (match[2] === etag && (comparison === 'weak' || match[1] === undefined)) return true;
  }
  return false;
}
