import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import { CatalogHolder, type Reading, type Unreadable } from './bucket/catalog-holder.ts';
import { WrittenOnce } from './bucket/written-once.ts';
import { blobsOfBucket, type OpenBlob } from './http/blobs.ts';
import { deliver } from './http/deliver.ts';
import { endHeaders } from './http/end-headers.ts';
import { CORS } from './http/represent.ts';
import { pathOf, routeOf } from './http/request-path.ts';
import { type PagePath, pageOf } from './pages/paths.ts';
import type { Problem } from './problem.ts';
import { countDownload, logLine, type Notes } from './request-log.ts';
import { answerAddress } from './resolve/address-answer.ts';
import { type Answer, isFound, type Sources } from './resolve/answer.ts';
import { remembered } from './resolve/remembered.ts';
import { type Bindings, type Settings, settingsOf } from './settings.ts';

/** What every handler has at hand: hono's `env`, made for each request. */
interface AtHand {
  readonly bindings: Bindings;
  readonly notes: Notes;
}

type Edge = { Bindings: AtHand };

/** The Worker as the platform calls it. */
export interface App {
  readonly fetch: (request: Request, bindings: Bindings, context: ExecutionContext) => Promise<Response>;
}

/**
 * The Worker: holds the catalog and small objects between requests.
 * @param log receives one line of JSON a request.
 */
export function createApp(log: (line: string) => void): App {
  const routes = createRoutes();
  return {
    // Around the routes instead of a middleware among them: hono answers at once where only one handler fits.
    async fetch(request, bindings, context) {
      const notes: Notes = { path: pathOf(request.url) };
      const response = await routes.fetch(request, { bindings, notes }, context);
      countDownload(bindings.DOWNLOADS, request, response, notes);
      log(logLine(request, response, notes));
      return response;
    },
  };
}

function createRoutes(): Hono<Edge> {
  const holder = new CatalogHolder();
  const objects = new WrittenOnce();
  const app = new Hono<Edge>({ getPath: ({ url }, options) => routeOf(options?.env?.notes.path ?? pathOf(url)) });

  app.options('*', async () => (await import('./http/preflight.ts')).preflightResponse());
  const read = async (c: Context<Edge>): Promise<Reading> => {
    const settings = settingsOf(c.env.bindings);
    const reading = await holder.read(c.env.bindings.BUCKET, limitsOf(settings), (work) =>
      c.executionCtx.waitUntil(work),
    );
    c.env.notes.catalog = reading.state;
    return reading;
  };

  const answer = (find: (path: string, sources: Sources) => Promise<Answer>) => async (c: Context<Edge>) => {
    const reading = await read(c);
    if (!('snapshot' in reading)) return unreadable(c, reading);
    const settings = settingsOf(c.env.bindings);
    const { snapshot } = reading;
    const { path } = c.env.notes;
    const found = await remembered(snapshot, path, () =>
      find(path, { snapshot, objects, bucket: c.env.bindings.BUCKET, settings, url: c.req.url }),
    );
    if (!isFound(found)) return problemResponse(c.req.raw, found);
    c.env.notes.subject = found.subject;
    const response = await deliver(c.req.raw, found.representation, blobsFor(c.env.bindings, settings)).catch(
      async (error: unknown) => {
        const { mirrorRedirect } = await import('./http/mirror-redirect.ts');
        const elsewhere = mirrorRedirect(c.req.raw, found.representation, snapshot.catalog, error);
        if (elsewhere === undefined) throw error;
        c.env.notes.fault = String(error);
        return elsewhere;
      },
    );
    const { subject } = found;
    const state = subject && snapshot.catalog.channels[subject.channel]?.state;
    if (state !== undefined) for (const [name, value] of endHeaders(state)) response.headers.set(name, value);
    return tellStale(response, reading);
  };

  app.get('/healthz', async (c) => {
    const settings = settingsOf(c.env.bindings);
    // A look of its own at the bucket: a held catalog would hide that it cannot be read.
    const reading = await new CatalogHolder().read(c.env.bindings.BUCKET, { fresh: 0, wait: 0, stale: 0 }, () => {});
    const { healthOf } = await import('./health.ts');
    const health = healthOf(reading, Date.now(), settings.CHANNEL_LIMIT_DAYS);
    return c.json(health, health.healthy ? 200 : 503, { ...CORS, 'Cache-Control': 'no-store' });
  });
  // Loaded here only, as everything that downloads of images never need.
  const front = () => import('./resolve/front-answer.ts');
  app.get(
    '/boot.ipxe',
    answer(async (_, sources) => (await front()).answerBootScript(sources)),
  );
  app.get(
    '/minisign.pub',
    answer(async (_, sources) => (await front()).answerPublicKey(sources)),
  );
  app.get(
    '/v1/catalog.json',
    answer(async (_, sources) => (await front()).answerCatalog(sources)),
  );
  app.get(
    '/v1/releases/*',
    answer(async (path, sources) =>
      (await front()).answerRelease(routeOf(path).slice('/v1/releases/'.length), sources),
    ),
  );
  const answerImages = answer(answerAddress);
  app.get('*', (c) => {
    const page = pageOf(c.env.notes.path);
    return page === undefined ? answerImages(c) : answerPage(c, page);
  });
  // All of GET and HEAD found a handler by now.
  app.notFound(async (c) => problemResponse(c.req.raw, (await failures()).problemOfMethod(c.req.method)));

  const answerPage = async (c: Context<Edge>, page: PagePath): Promise<Response> => {
    const reading = await read(c);
    if (!('snapshot' in reading)) return unreadable(c, reading);
    const settings = settingsOf(c.env.bindings);
    // Loaded here only: whoever downloads an image never waits for pages.
    const { renderPage, readerOf } = await import('./pages/index.ts');
    const sources = { snapshot: reading.snapshot, objects, bucket: c.env.bindings.BUCKET, settings, url: c.req.url };
    const rendered = await renderPage(page, readerOf(c.req.raw), sources);
    if ('sentence' in rendered) return problemResponse(c.req.raw, rendered);
    return tellStale(await deliver(c.req.raw, rendered, blobsFor(c.env.bindings, settings)), reading);
  };

  app.onError(async (error, c) => {
    c.env.notes.fault = String(error);
    return problemResponse(c.req.raw, (await failures()).problemOfError(error));
  });
  return app;
}

/** Says so where an answer was made of a catalog past its time, because the bucket cannot be read (RFC 9211). */
function tellStale(response: Response, reading: Reading): Response {
  if (reading.state === 'stale') {
    response.headers.set('Cache-Status', `catalog; hit; ttl=-${reading.age}; detail=bucket-unreachable`);
  }
  return response;
}

/** Loaded where something fails, so that a Worker that has nothing to complain of starts with less. */
const failures = () => import('./failure.ts');

async function unreadable(c: Context<Edge>, reading: Unreadable): Promise<Response> {
  if (reading.state === 'unreachable') c.env.notes.fault = String(reading.error);
  return problemResponse(c.req.raw, (await failures()).problemOfReading(reading));
}

let forms: typeof import('./http/problem-response.ts') | undefined;

/** Held once it is loaded: importing it for each problem costs more than the answer. */
async function problemResponse(request: Request, problem: Problem): Promise<Response> {
  forms ??= await import('./http/problem-response.ts');
  return forms.problemResponse(request, problem);
}

function limitsOf(settings: Settings) {
  return {
    fresh: settings.CATALOG_FRESH_SECONDS,
    wait: settings.CATALOG_WAIT_SECONDS,
    stale: settings.CATALOG_STALE_SECONDS,
  };
}

function blobsFor({ BUCKET }: Bindings, { BLOB_ORIGIN }: Settings): OpenBlob {
  if (BLOB_ORIGIN === undefined) return blobsOfBucket(BUCKET);
  return async (piece) => (await import('./http/blobs-of-origin.ts')).blobsOfOrigin(BLOB_ORIGIN, fetch)(piece);
}
