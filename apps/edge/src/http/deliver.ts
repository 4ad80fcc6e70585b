import { type OpenBlob, openBody } from './blobs.ts';
import { decide } from './conditions.ts';
import { contentRange } from './range.ts';
import { type Representation, slice } from './representation.ts';

/**
 * Answers a GET or HEAD with a representation: 200, 206, 304, 412 or 416.
 * @throws BlobUnavailable if a blob cannot be opened; no byte has been sent then.
 */
export async function deliver(request: Request, representation: Representation, openBlob: OpenBlob): Promise<Response> {
  const { size, pieces } = representation;
  const decision = decide(request, representation, size, Date.now());
  switch (decision.answer) {
    case 'not-modified':
      return new Response(null, { status: 304, headers: headersOf(representation).always });
    case 'precondition-failed':
      return new Response(
        sentence(request, 'The file is not the one that If-Match or If-Unmodified-Since asks for.\n'),
        {
          status: 412,
          headers: { ...representation.always, ...PLAIN },
        },
      );
    case 'range-not-satisfiable':
      return new Response(sentence(request, `The range is outside the file, which has ${size} bytes.\n`), {
        status: 416,
        headers: { ...representation.always, ...PLAIN, 'Content-Range': `bytes */${size}` },
      });
    case 'send': {
      const { range } = decision;
      const { whole } = headersOf(representation);
      if (range === 'whole') {
        return new Response(request.method === 'HEAD' ? null : await openBody(pieces, openBlob), { headers: whole });
      }
      const response = new Response(await openBody(slice(pieces, range), openBlob), { status: 206, headers: whole });
      response.headers.set('Content-Length', String(range.length));
      response.headers.set('Content-Range', contentRange(range, size));
      return response;
    }
  }
}

interface PreparedHeaders {
  readonly always: Headers;
  readonly whole: Headers;
}

const prepared = new WeakMap<Representation, PreparedHeaders>();

/** The headers of a representation as the runtime keeps them: made once, because most are sent many times. */
function headersOf(representation: Representation): PreparedHeaders {
  const known = prepared.get(representation);
  if (known !== undefined) return known;
  const { always, content, size } = representation;
  const made = {
    always: new Headers(always),
    whole: new Headers({ ...always, ...content, 'Content-Length': String(size) }),
  };
  prepared.set(representation, made);
  return made;
}

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8' } as const;

function sentence(request: Request, text: string): string | null {
  return request.method === 'HEAD' ? null : text;
}
