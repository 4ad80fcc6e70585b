/**
 * The way of a request: its path is read once, finds its line in the table of addresses, and is answered from the catalog; the answer is
 * delivered, and a line is logged.
 */
import { decodePath, pathOf } from '@nixos-images/shared';
import { PatternRouter } from 'hono/router/pattern-router';
import type { Answer, Answerer, Route } from './answers/answer.ts';
import { answerCatalog, answerPublicKey } from './answers/front.ts';
import { respondHealth } from './answers/health.ts';
import { answerImage } from './answers/image.ts';
import { failure, noCatalog, unknownMethod, unreadablePath } from './answers/problems.ts';
import { answerAsset, answerEntry, answerReleaseJson } from './answers/release.ts';
import { CatalogHolder, staleness } from './catalog.ts';
import { blobChecks, blobsOf } from './http/blobs.ts';
import { deliver } from './http/deliver.ts';
import { mirrorRedirect } from './http/mirror.ts';
import { movedResponse, preflightResponse, problemResponse } from './http/problem-response.ts';
import { countDownload, logLine, type Notes } from './log.ts';
import { ALWAYS, BRIEFLY, Memory, WrittenObjects } from './objects.ts';
import { isProblem, type Problem } from './problem.ts';
import { type Bindings, settingsOf } from './settings.ts';

/** What a line of the table of addresses leads to: an answer from the catalog, or one that looks at the bucket itself. */
type Line = Answerer | { readonly respond: typeof respondHealth };

/** Every address, and who answers it: the first line that fits. */
const ADDRESSES = new PatternRouter<Line>();
const get = (pattern: string, line: Line) => ADDRESSES.add('GET', pattern, line);

get('/', page('answerHome'));
get('/boot.ipxe', menu('answerBootMenu'));
get('/minisign.pub', answerPublicKey);
get('/healthz', { respond: respondHealth });
get('/feed.atom', page('answerFeed'));
get('/openapi.json', page('answerOpenApi'));
get('/v1/catalog.json', answerCatalog);
get('/v1/releases/:document', answerReleaseJson);
get('/channels/:name', page('answerChannel'));
get('/releases', page('answerReleases'));
get('/releases/:version', page('answerRelease'));
get('/releases/latest/download/:asset', answerAsset);
get('/releases/download/:tag/:asset', answerAsset);
get('/releases/:version/:name{.+}', answerEntry);
get('/nix-community/nixos-images/releases/latest/download/:asset', answerAsset);
get('/nix-community/nixos-images/releases/download/:tag/:asset', answerAsset);
get('/:script{kexec(@[^/]+)?\\.sh(\\.[a-z0-9]+)?}', page('answerKexecScript'));
get('/:script{kexec(@[^/]+)?}/:variant{[^/]+\\.sh(\\.[a-z0-9]+)?}', page('answerKexecScript'));
get('/:ipxe{ipxe(@[^/]+)?}/autoexec.ipxe', menu('answerAutoexec'));
get('/:ipxe{ipxe(@[^/]+)?}/:arch/autoexec.ipxe', menu('answerAutoexec'));
get('/with/*', customised);
get('*', answerImage);

/** Pages are loaded when one is asked for: whoever downloads an image never waits for them. */
function page(name: keyof typeof import('./pages/index.ts')): Answerer {
  return async (route, sources) => (await import('./pages/index.ts'))[name](route, sources);
}

/** So is the menu, and what leads to it. */
function menu(name: 'answerBootMenu' | 'answerAutoexec'): Answerer {
  return async (route, sources) => (await import('./answers/boot-menu.ts'))[name](route, sources);
}

/** So is all that a customisation needs. */
async function customised(...[route, sources]: Parameters<Answerer>): Promise<Answer> {
  return (await import('./customise/answer.ts')).answerCustomised(route, sources);
}

/** The Worker as the platform calls it. */
export interface Edge {
  readonly fetch: (request: Request, bindings: Bindings, context: ExecutionContext) => Promise<Response>;
}

/**
 * The Worker: holds the catalog, small objects and answers between requests.
 * @param log receives one line of JSON a request.
 */
export function createEdge(log: (line: string) => void): Edge {
  const catalogs = new CatalogHolder();
  const objects = new WrittenObjects();
  const checks = blobChecks();
  const answers = new Memory<Answer>(500, holds);

  return {
    async fetch(request, bindings, context) {
      const notes: Notes = { path: pathOf(request.url) };
      const outcome = await respond(request, notes, bindings, context).catch((error: unknown) => {
        notes.fault = String(error);
        return failure(error);
      });
      const response = isProblem(outcome) ? problemResponse(request, outcome) : outcome;
      countDownload(bindings.DOWNLOADS, notes);
      log(logLine(request, response, notes));
      return response;
    },
  };

  async function respond(
    request: Request,
    notes: Notes,
    bindings: Bindings,
    context: ExecutionContext,
  ): Promise<Response | Problem> {
    // Method and path.
    const { method } = request;
    if (method === 'OPTIONS') return preflightResponse();
    if (method !== 'GET' && method !== 'HEAD') return unknownMethod(method);
    const path = decodePath(notes.path);
    if (path === undefined) return unreadablePath();
    const [line, params] = lineOf(path);
    const settings = settingsOf(bindings);
    if ('respond' in line) return line.respond(request, bindings, settings, checks);

    // Catalog.
    const reading = await catalogs.read(bindings.BUCKET, settings, (work) => context.waitUntil(work));
    const { state, snapshot } = reading;
    notes.catalog = state;
    if ('error' in reading) notes.fault = String(reading.error);
    if (snapshot === undefined) return noCatalog(state);
    notes.unknown = snapshot.unknown;

    // Answer.
    const blobs = blobsOf(bindings.BUCKET, settings.BLOB_ORIGIN, checks);
    const read = (key: string) => objects.read(bindings.BUCKET, key);
    const sources = () => ({ snapshot, read, blobs, settings, request });
    const answer = await answers.recall(`${snapshot.etag} ${path}`, () => line({ path, params }, sources()));
    if ('tag' in answer) return answer.tag === 'moved' ? movedResponse(answer) : answer;
    const { representation, subject } = answer;
    notes.subject = subject;

    // Delivery, by the mirror where the bucket fails.
    const { response, sent } = await deliver(request, representation, blobs).catch((error: unknown) => {
      notes.fault = String(error);
      const elsewhere = mirrorRedirect(error, request, representation, snapshot.catalog);
      if (elsewhere === undefined) throw error;
      return { response: elsewhere, sent: undefined };
    });
    notes.sent = sent;
    if (state === 'stale') response.headers.set('Cache-Status', staleness(reading));
    return response;
  }
}

/** The line of a path, and the segments that it names. */
function lineOf(path: string): readonly [Line, Route['params']] {
  const found = ADDRESSES.match('GET', path);
  return (found.length === 1 ? found[0][0] : undefined) ?? [answerImage, {}];
}

/** For how many milliseconds an answer is remembered. Problems are not: they cost little, and there is no end of them. */
function holds(answer: Answer): number {
  if ('tag' in answer || answer.holds === 'never') return 0;
  return answer.holds === 'always' ? ALWAYS : BRIEFLY;
}

export default createEdge((line) => console.log(line));
