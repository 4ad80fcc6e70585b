import type { Catalog } from '@nixos-images/shared';
import { JSON_TYPE, representText } from '../http/represent.ts';
import type { Representation } from '../http/representation.ts';
import type { Problem } from '../problem.ts';
import type { Sources } from '../resolve/answer.ts';
import { findManifest, unknownVersion } from '../resolve/release.ts';
import { allEntriesOf } from '../resolve/release-answer.ts';
import { feed } from './feed.ts';
import { homePage } from './home-page.ts';
import { homeText } from './home-text.ts';
import { openApiText } from './openapi.ts';
import type { PagePath } from './paths.ts';
import { releasePage, releasesPage } from './releases-page.ts';
import { releasesText, releaseText } from './releases-text.ts';
import { siteOf } from './site.ts';

/** Who reads a page: a browser or a terminal. */
export type Reader = 'browser' | 'terminal';

/** Who asks: browsers name HTML among what they accept. */
export function readerOf({ headers }: Request): Reader {
  return /\btext\/html\b/.test(headers.get('Accept') ?? '') ? 'browser' : 'terminal';
}

/** The origin that pages name. A Host header that is no plain name is not repeated: its text would be typed into shells. */
function originOf({ url, settings: { PUBLIC_ORIGIN } }: Sources): string {
  const { origin } = new URL(url);
  return PUBLIC_ORIGIN ?? (/^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : 'http://SERVER');
}

/** A page, a feed or a description as a representation; a problem if the release it is about does not exist. */
export async function renderPage(page: PagePath, reader: Reader, sources: Sources): Promise<Representation | Problem> {
  const { catalog } = sources.snapshot;
  const origin = originOf(sources);
  const text = (body: string, mediaType: string) => representPage(body, mediaType, page.path, catalog);
  switch (page.page) {
    case 'home': {
      const site = siteOf(catalog, origin);
      return reader === 'browser' ? text(String(await homePage(site)), HTML) : text(homeText(site), PLAIN);
    }
    case 'releases':
      return reader === 'browser'
        ? text(String(await releasesPage(catalog)), HTML)
        : text(releasesText(catalog), PLAIN);
    case 'release': {
      const manifest = await findManifest(page.version, catalog, sources.objects, sources.bucket);
      if (manifest === undefined) return unknownVersion(page.version, catalog);
      const entries = await allEntriesOf(manifest, sources);
      return reader === 'browser'
        ? text(String(await releasePage(manifest, entries)), HTML)
        : text(releaseText(manifest, entries), PLAIN);
    }
    case 'feed':
      return text(String(await feed(catalog, origin)), 'application/atom+xml; charset=utf-8');
    case 'openapi':
      return text(openApiText, JSON_TYPE);
  }
}

const HTML = 'text/html; charset=utf-8';
const PLAIN = 'text/plain; charset=utf-8';

/** No script, nothing from anywhere else, in nobody's frame. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async function representPage(body: string, mediaType: string, path: string, catalog: Catalog): Promise<Representation> {
  const representation = await representText(body, {
    mediaType,
    name: 'page',
    pinned: path,
    modified: Date.parse(catalog.updated),
    lasting: 'until-asked',
  });
  const { 'Content-Disposition': _, ...content } = representation.content;
  return {
    ...representation,
    always: { ...representation.always, Vary: 'Accept' },
    content: { ...content, ...(mediaType === HTML ? { 'Content-Security-Policy': POLICY } : {}) },
  };
}
