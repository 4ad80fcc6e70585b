import { formatAddress } from '@nixos-images/shared';
import type { Answer, Route, Sources } from '../answers/answer.ts';
import { allEntriesOf, releaseOf } from '../answers/release.ts';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/representation.ts';
import { isProblem } from '../problem.ts';
import { feed } from './feed.ts';
import { homePage, homeText } from './home.ts';
import { releasePage, releasesPage, releasesText, releaseText } from './releases.ts';
import { siteOf } from './site.ts';

/** Answers `/`. */
export async function answerHome(_: Route, sources: Sources): Promise<Answer> {
  const site = siteOf(sources.snapshot.catalog, originOf(sources));
  return page('/', forBrowser(sources) ? await homePage(site) : homeText(site), sources);
}

/** Answers `/releases/`. */
export async function answerReleases(_: Route, sources: Sources): Promise<Answer> {
  const { catalog } = sources.snapshot;
  const body = forBrowser(sources) ? await releasesPage(catalog) : releasesText(catalog);
  return page(formatAddress({ type: 'releases' }), body, sources);
}

/** Answers `/releases/<version>/`. */
export async function answerRelease({ params: { version = '' } }: Route, sources: Sources): Promise<Answer> {
  const manifest = await releaseOf(version, sources);
  if (isProblem(manifest)) return manifest;
  const entries = await allEntriesOf(manifest, sources.read);
  const body = forBrowser(sources) ? await releasePage(manifest, entries) : releaseText(manifest, entries);
  return page(formatAddress({ type: 'release', version: manifest.version }), body, sources);
}

/** Answers `/feed.atom`. */
export async function answerFeed({ path }: Route, sources: Sources): Promise<Answer> {
  const body = String(await feed(sources.snapshot.catalog, originOf(sources)));
  return represented(path, body, 'application/atom+xml; charset=utf-8', sources);
}

/** The OpenAPI description in JSON; build/bundle.ts puts it in. */
declare const OPENAPI_DOCUMENT: string;

/** Answers `/openapi.json`. */
export async function answerOpenApi({ path }: Route, sources: Sources): Promise<Answer> {
  return represented(path, OPENAPI_DOCUMENT, JSON_TYPE, sources);
}

/** Whether a browser asks, which names HTML among what it accepts, or a terminal. */
function forBrowser({ request: { headers } }: Sources): boolean {
  return /\btext\/html\b/.test(headers.get('Accept') ?? '');
}

/** The origin that pages name. A Host header that is no plain name is not repeated: its text would be typed into shells. */
function originOf({ request: { url }, settings: { PUBLIC_ORIGIN } }: Sources): string {
  const { origin } = new URL(url);
  return PUBLIC_ORIGIN ?? (/^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : 'http://SERVER');
}

const HTML_TYPE = 'text/html; charset=utf-8';

/** No script, nothing from anywhere else, in nobody's frame. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** HTML for a browser, or text for a terminal. */
function page(path: string, body: string | object, sources: Sources): Promise<Answer> {
  return represented(path, String(body), forBrowser(sources) ? HTML_TYPE : TEXT_TYPE, sources);
}

/** It depends on who asks and under which name, so it never holds for its path. */
async function represented(
  path: string,
  body: string,
  mediaType: string,
  { snapshot: { catalog } }: Sources,
): Promise<Answer> {
  const modified = Date.parse(catalog.updated);
  const made = await representText(body, { mediaType, name: 'page', location: path, modified, caching: 'revalidate' });
  // A page is shown, not saved.
  const { 'Content-Disposition': _, ...content } = made.content;
  const representation = {
    ...made,
    always: { ...made.always, Vary: 'Accept' },
    content: { ...content, ...(mediaType === HTML_TYPE ? { 'Content-Security-Policy': POLICY } : {}) },
  };
  return { representation, subject: undefined, holds: 'never' };
}
