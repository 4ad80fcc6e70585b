import { channelNamed, formatAddress, pathOf, stagedChannels } from '@nixos-images/shared';
import type { Answer, Route, Sources } from '../answers/answer.ts';
import { originOf } from '../answers/origin.ts';
import { noSuchRef } from '../answers/problems.ts';
import { allEntriesOf, releaseOf } from '../answers/release.ts';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/representation.ts';
import { isProblem } from '../problem.ts';
import { HAVES } from '../ways/way.ts';
import { channelPage, channelText, namesFor } from './channel.ts';
import { readChoice } from './choice.ts';
import { feed } from './feed.ts';
import { guideTo, helpedHaves } from './guide.ts';
import { homePage, homeText } from './home.ts';
import { contentSecurityPolicy } from './layout.ts';
import { releaseFacts, releasePage } from './release.ts';
import { releasesPage, releasesText, releaseText } from './releases.ts';
import { siteOf } from './site.ts';

/** Answers `/`: a form, with what its choice leads to; every choice is in the query of the address. */
export async function answerHome(_: Route, sources: Sources): Promise<Answer> {
  const site = siteOf(sources.snapshot.catalog, originOf(sources));
  if (!wantsHtml(sources, false)) return page('/', homeText(site), sources);
  const { search, searchParams } = new URL(sources.request.url);
  const guide = await guideTo(readChoice(searchParams), helpedHaves(sources, HAVES), sources);
  return page(`/${search}`, await homePage(site, guide), sources);
}

/** Answers `/releases/`. */
export async function answerReleases(_: Route, sources: Sources): Promise<Answer> {
  const { catalog } = sources.snapshot;
  const path = formatAddress({ type: 'releases' });
  if (!wantsHtml(sources, true)) return page(path, releasesText(catalog), sources);
  return isMirrored(sources) ? page(path, await releasesPage(catalog), sources) : { tag: 'moved', to: path };
}

/** Answers `/releases/<version>/`. */
export async function answerRelease({ params: { version = '' } }: Route, sources: Sources): Promise<Answer> {
  const manifest = await releaseOf(version, sources);
  if (isProblem(manifest)) return manifest;
  const entries = await allEntriesOf(manifest, sources.read);
  const path = formatAddress({ type: 'release', version: manifest.version });
  if (!wantsHtml(sources, true)) return page(path, releaseText(manifest, entries), sources);
  if (!isMirrored(sources)) return { tag: 'moved', to: path };
  return page(path, await releasePage(await releaseFacts(manifest, entries, sources)), sources);
}

/** Answers `/channels/<channel>`, by any name of the channel. */
export async function answerChannel({ params: { name = '' } }: Route, sources: Sources): Promise<Answer> {
  const { snapshot, settings } = sources;
  const now = new Date();
  const channels = stagedChannels(snapshot.catalog, now.getTime());
  const meant = (given: string) => channelNamed(given, channels);
  const staged = meant(name);
  if (staged === undefined) return noSuchRef(name, snapshot.catalog);
  const facts = { ...staged, names: namesFor(staged, channels, meant), now, limitDays: settings.CHANNEL_LIMIT_DAYS };
  const path = formatAddress({ type: 'channel', channel: staged.channel });
  return page(path, wantsHtml(sources, false) ? await channelPage(facts) : channelText(facts), sources);
}

/**
 * Whether a list is asked for under the address that programs mirror it by. Without the slash at its end rclone takes what answers 200
 * for a file, and saves the page; the text of a list is for nobody who mirrors.
 */
function isMirrored({ request: { url } }: Sources): boolean {
  return pathOf(url).endsWith('/');
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

/** Programs that print what they get, whatever they say that they accept. */
const TERMINALS = /^(curl|HTTPie|xh|fetch libfetch|Wget$)/i;
/** Those that a person at a terminal uses, and that `wget -r` mirrors with: for it a list of files must be HTML, with links. */
const MIRRORS = /^Wget\//i;

/**
 * Whether to answer in HTML. Who names HTML or text in `Accept` gets the one that it rates higher (RFC 9110, section 12.5.1). For others
 * text goes to terminals and HTML to everything else: rclone and lftp read links and say nothing of what they accept.
 */
function wantsHtml({ request: { headers } }: Sources, listing: boolean): boolean {
  const accept = headers.get('Accept') ?? '';
  const [html, text] = [qualityOf(accept, 'text/html'), qualityOf(accept, 'text/plain')];
  if (html !== undefined || text !== undefined) return (html ?? 0) > 0 && (html ?? 0) >= (text ?? 0);
  const agent = headers.get('User-Agent') ?? '';
  return !TERMINALS.test(agent) && (listing || !MIRRORS.test(agent));
}

/** How much a media type is wanted, from 0 to 1, where `Accept` names it; ranges such as `*\/*` name nothing. */
function qualityOf(accept: string, mediaType: string): number | undefined {
  const parameters = accept
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim()))
    .find(([type = '']) => type.toLowerCase() === mediaType);
  if (parameters === undefined) return undefined;
  const weight = parameters.map((parameter) => /^q=([\d.]+)$/i.exec(parameter)?.[1]).find((q) => q !== undefined);
  return weight === undefined ? 1 : Number(weight);
}

const HTML_TYPE = 'text/html; charset=utf-8';

/** HTML, which is made as an object, or text for a terminal. */
function page(path: string, body: string | object, sources: Sources): Promise<Answer> {
  return represented(path, String(body), typeof body === 'string' ? TEXT_TYPE : HTML_TYPE, sources);
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
    always: { ...made.always, Vary: 'Accept, User-Agent, Accept-Encoding' },
    content: { ...content, ...(mediaType === HTML_TYPE ? await pageHeaders() : {}) },
  };
  return { representation, subject: undefined, holds: 'never' };
}

async function pageHeaders(): Promise<Record<string, string>> {
  return {
    'Content-Security-Policy': await contentSecurityPolicy(),
    // Whose keys somebody chose stands in the address.
    'Referrer-Policy': 'no-referrer',
  };
}

export { answerKexecScript } from '../kexec/answer.ts';
