import type { OpenBlob } from './blobs.ts';
import { openBody } from './body.ts';
import { decide } from './preconditions.ts';
import { contentRange } from './range.ts';
import { type Representation, slice } from './representation.ts';

/**
 * Answers a GET or HEAD with a representation: 200, 206, 304, 412 or 416.
 * @throws BlobUnavailable if a blob cannot be opened; no byte has been sent then.
 */
export async function deliver(request: Request, representation: Representation, openBlob: OpenBlob): Promise<Response> {
  const { size, pieces, always, content } = representation;
  const decision = decide(request, representation, size, Date.now());
  switch (decision.answer) {
    case 'not-modified':
      return new Response(null, { status: 304, headers: always });
    case 'precondition-failed':
      return new Response(
        sentence(request, 'The file is not the one that If-Match or If-Unmodified-Since asks for.\n'),
        {
          status: 412,
          headers: { ...always, ...PLAIN },
        },
      );
    case 'range-not-satisfiable':
      return new Response(sentence(request, `The range is outside the file, which has ${size} bytes.\n`), {
        status: 416,
        headers: { ...always, ...PLAIN, 'Content-Range': `bytes */${size}` },
      });
    case 'send': {
      const { range } = decision;
      const length = range === 'whole' ? size : range.length;
      const headers = { ...always, ...content, 'Content-Length': String(length) };
      if (request.method === 'HEAD') return new Response(null, { headers });
      if (range === 'whole') return new Response(await openBody(pieces, openBlob), { headers });
      return new Response(await openBody(slice(pieces, range), openBlob), {
        status: 206,
        headers: { ...headers, 'Content-Range': contentRange(range, size) },
      });
    }
  }
}

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8' } as const;

function sentence(request: Request, text: string): string | null {
  return request.method === 'HEAD' ? null : text;
}
