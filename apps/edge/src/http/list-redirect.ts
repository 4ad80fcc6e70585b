import type { Representation } from './representation.ts';

/**
 * What the HTML of a list gets under an address without the slash at its end: a redirect to the one with it, as file servers do, because
 * rclone takes what answers 200 there for a file, and saves the page. Undefined for everything else, and for the text of a list, which
 * nobody mirrors by.
 */
export function listRedirect(path: string, { always, content }: Representation): Response | undefined {
  const location = always['Content-Location'];
  if (path.endsWith('/') || location?.endsWith('/') !== true) return undefined;
  if (content['Content-Type']?.startsWith('text/html') !== true) return undefined;
  const { 'Cache-Control': caching = 'no-store', Vary = '*' } = always;
  return new Response(null, { status: 301, headers: { Location: location, 'Cache-Control': caching, Vary } });
}
