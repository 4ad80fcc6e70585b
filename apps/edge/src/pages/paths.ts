import { parseAddress, type Version } from '@nixos-images/shared';

/** A path that has a page of its own. */
export type PagePath =
  | { readonly page: 'home' | 'releases' | 'feed' | 'openapi'; readonly path: string }
  | { readonly page: 'release'; readonly path: string; readonly version: Version };

/** The page of a path; undefined if it has none. */
export function pageOf(path: string): PagePath | undefined {
  if (path === '/') return { page: 'home', path };
  if (path === '/feed.atom') return { page: 'feed', path };
  if (path === '/openapi.json') return { page: 'openapi', path };
  // Every download comes by here: only what can be a list is read as an address.
  if (!/^\/releases(\/[^/]*)?\/?$/.test(path)) return undefined;
  const parsed = parseAddress(path);
  if (!parsed.ok) return undefined;
  if (parsed.address.type === 'releases') return { page: 'releases', path: '/releases/' };
  if (parsed.address.type !== 'release') return undefined;
  const { version } = parsed.address;
  return { page: 'release', path: `/releases/${version}/`, version };
}
