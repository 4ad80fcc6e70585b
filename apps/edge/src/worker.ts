/**
 * The way of a request: its path is read once, finds its line in the table of addresses, and is answered from the catalog; the answer is
 * delivered, and a line is logged.
 */
import { decodePath } from '@nixos-images/shared';
import { PatternRouter } from 'hono/router/pattern-router';
import type { Answer, Answerer, Route } from './answers/answer.ts';
import { answerBootMenu, answerCatalog, answerPublicKey } from './answers/front.ts';
import { answerHealth } from './answers/health.ts';
import { answerImage } from './answers/image.ts';
import { failure, noCatalog, unknownMethod, unreadablePath } from './answers/problems.ts';
import { answerAsset, answerEntry, answerReleaseJson } from './answers/release.ts';
import { CatalogHolder } from './catalog.ts';
import { blobsOf } from './http/blobs.ts';
import { deliver } from './http/deliver.ts';
import { mirrorRedirect } from './http/mirror.ts';
import { preflightResponse, problemResponse } from './http/problem-response.ts';
import { pathOf } from './http/request-path.ts';
import { countDownload, logLine, type Notes } from './log.ts';
import { BRIEFLY, Memory, WrittenObjects } from './objects.ts';
import { isProblem } from './problem.ts';
import { type Bindings, type Settings, settingsOf } from './settings.ts';

/** Every address, and who answers it; the first line that fits. */
const ADDRESSES = new PatternRouter<Line>();
const get = (pattern: string, line: Line) => ADDRESSES.add('GET', pattern, line);
type Line = Answerer | { readonly respond: typeof answerHealth };

get('/', page('answerHome'));
get('/boot.ipxe', answerBootMenu);
get('/minisign.pub', answerPublicKey);
get('/healthz', { respond: answerHealth });
get('/feed.atom', page('answerFeed'));
get('/openapi.json', page('answerOpenApi'));
get('/v1/catalog.json', answerCatalog);
get('/v1/releases/:document', answerReleaseJson);
get('/releases', page('answerReleases'));
get('/releases/:version', page('answerRelease'));
get('/releases/latest/download/:asset', answerAsset);
get('/releases/download/:tag/:asset', answerAsset);
get('/releases/:version/:name{.+}', answerEntry);
get('/nix-community/nixos-images/releases/latest/download/:asset', answerAsset);
get('/nix-community/nixos-images/releases/download/:tag/:asset', answerAsset);
get('/with/*', customised);
get('*', answerImage);

/** The line of a path, and the segments that it names. */
function lineOf(path: string): readonly [Line, Route['params']] {
  const found = ADDRESSES.match('GET', path);
  return (found.length === 1 ? found[0][0] : undefined) ?? [answerImage, {}];
}

/** Pages are loaded when one is asked for: whoever downloads an image never waits for them. */
function page(name: keyof typeof import('./pages/index.ts')): Answerer {
  return async (route, sources) => (await import('./pages/index.ts'))[name](route, sources);
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
  const answers = new Memory<Answer>(500, holds);

  async function respond(
    request: Request,
    notes: Notes,
    bindings: Bindings,
    settings: Settings,
    context: ExecutionContext,
  ): Promise<Response> {
    const { method } = request;
    if (method === 'OPTIONS') return preflightResponse();
    if (method !== 'GET' && method !== 'HEAD') return problemResponse(request, unknownMethod(method));

    const path = decodePath(notes.path);
    if (path === undefined) return problemResponse(request, unreadablePath());
    const [answer, params] = lineOf(path);
    if ('respond' in answer) return answer.respond(bindings, settings);

    const reading = await catalogs.read(bindings.BUCKET, settings, (work) => context.waitUntil(work));
    notes.catalog = reading.state;
    const { snapshot } = reading;
    if (snapshot === undefined) {
      if (reading.state === 'unreachable') notes.fault = String(reading.error);
      return problemResponse(request, noCatalog(reading));
    }

    const found = await answers.recall(`${snapshot.etag} ${path}`, () =>
      answer({ path, params }, { snapshot, read: (key) => objects.read(bindings.BUCKET, key), settings, request }),
    );
    if (isProblem(found)) return problemResponse(request, found);
    notes.subject = found.subject;

    const { representation } = found;
    const response = await deliver(request, representation, blobsOf(bindings.BUCKET, settings.BLOB_ORIGIN)).catch(
      (error: unknown) => {
        const elsewhere = mirrorRedirect(error, request, representation, snapshot.catalog);
        if (elsewhere === undefined) throw error;
        notes.fault = String(error);
        return elsewhere;
      },
    );
    // RFC 9211: the answer was made of a catalog past its time.
    if (reading.state === 'stale')
      response.headers.set('Cache-Status', `catalog; hit; ttl=-${reading.age}; detail=bucket-unreachable`);
    return response;
  }

  return {
    async fetch(request, bindings, context) {
      const notes: Notes = { path: pathOf(request.url) };
      let response: Response;
      try {
        response = await respond(request, notes, bindings, settingsOf(bindings), context);
      } catch (error) {
        notes.fault = String(error);
        response = problemResponse(request, failure(error));
      }
      countDownload(bindings.DOWNLOADS, request, response, notes);
      log(logLine(request, response, notes));
      return response;
    },
  };
}

/** For how many milliseconds an answer is remembered. Problems are not: they cost little, and there is no end of them. */
function holds(answer: Answer): number {
  if (isProblem(answer) || answer.holds === 'never') return 0;
  return answer.holds === 'always' ? Number.POSITIVE_INFINITY : BRIEFLY;
}

export default createEdge((line) => console.log(line));
