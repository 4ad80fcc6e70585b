import { blobKey, type Catalog } from '@nixos-images/shared';
import { BlobUnavailable } from './blobs.ts';
import { isIpxe } from './problem-response.ts';
import type { Representation } from './representation.ts';

/**
 * What a client gets when a blob is not to be had and the mirror has the same bytes: a redirect there. Undefined if there is no such
 * copy, if the bytes are not a file as it is (customised ones are nowhere else), or for iPXE, whose older builds cannot follow
 * the redirects that the mirror answers with.
 */
export function mirrorRedirect(
  error: unknown,
  request: Request,
  { sha256, pieces, always }: Representation,
  catalog: Catalog,
): Response | undefined {
  const [only, second] = pieces;
  if (!(error instanceof BlobUnavailable) || sha256 === undefined || second !== undefined) return undefined;
  if (only?.from !== 'blob' || only.key !== blobKey(sha256) || isIpxe(request)) return undefined;
  const copy = Object.values(catalog.channels)
    .flatMap(({ mirror }) => mirror?.files ?? [])
    .find((file) => file.sha256 === sha256);
  if (copy === undefined) return undefined;
  const { Deprecation, Sunset } = always;
  // 302, not to be kept: the bucket is the place to ask again.
  return new Response(
    `The bucket does not give this file just now. The same bytes are at ${copy.url} (curl -L follows).\n`,
    {
      status: 302,
      headers: {
        Location: copy.url,
        'Cache-Control': 'no-store',
        'Content-Type': 'text/plain; charset=utf-8',
        'X-Content-Type-Options': 'nosniff',
        ...(Deprecation === undefined ? {} : { Deprecation }),
        ...(Sunset === undefined ? {} : { Sunset }),
      },
    },
  );
}
