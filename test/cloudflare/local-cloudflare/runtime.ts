import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { type Account, s3CredentialsOf, type Worker } from './account.ts';

/** What an account without a Worker runs. */
const NO_WORKER: Pick<Worker, 'modules' | 'bindings' | 'compatibilityDate'> = {
  modules: [
    { path: 'none.js', contents: 'export default { fetch: () => new Response("no Worker", { status: 404 }) }' },
  ],
  bindings: [],
  compatibilityDate: '2026-10-01',
};

/** Cloudflare's own runtime, with an account's buckets, and the Worker that was uploaded last. */
export class Runtime {
  readonly #account: Account;
  readonly #state: string;
  #miniflare: Miniflare | undefined;
  #port = 0;

  private constructor(account: Account, state: string) {
    this.#account = account;
    this.#state = state;
  }

  /** Starts it over a folder that keeps the buckets. */
  static async start(account: Account, state: string): Promise<Runtime> {
    const runtime = new Runtime(account, state);
    runtime.#miniflare = new Miniflare(runtime.#options());
    runtime.#port = Number((await runtime.#miniflare.ready).port);
    return runtime;
  }

  /** Where the Worker answers, as it would under workers.dev. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Where the buckets are served over the S3 API. */
  get s3Endpoint(): string {
    return `${this.url}/cdn-cgi/local/r2/s3`;
  }

  /** Runs what is in the account now. */
  async refresh(): Promise<void> {
    await this.#miniflare?.setOptions(this.#options());
  }

  async stop(): Promise<void> {
    await this.#miniflare?.dispose();
  }

  #options() {
    const worker = [...this.#account.workers.values()].at(-1) ?? NO_WORKER;
    const token = this.#account.tokens.find(({ permissions }) => permissions.has('r2'));
    const served = token === undefined ? {} : { s3Credentials: s3CredentialsOf(token) };
    const bound = worker.bindings.filter(({ type }) => type === 'r2_bucket');
    const unbound = [...this.#account.buckets.keys()].filter(
      (bucket) => !bound.some(({ bucket_name }) => bucket_name === bucket),
    );
    const buckets = [
      ...bound.map(({ name, bucket_name = '' }) => [name, bucket_name] as const),
      ...unbound.map((bucket, index) => [`UNBOUND_${index}`, bucket] as const),
    ];
    const texts = worker.bindings.filter(({ type }) => type === 'plain_text');
    const datasets = worker.bindings.filter(({ type }) => type === 'analytics_engine');
    return convertV4MiniflareOptions({
      name: 'account',
      modules: worker.modules.map(({ path, contents }) => ({ type: 'ESModule' as const, path, contents })),
      modulesRoot: '/',
      compatibilityDate: worker.compatibilityDate,
      bindings: Object.fromEntries(texts.map(({ name, text = '' }) => [name, text])),
      r2Buckets: Object.fromEntries(buckets.map(([name, id]) => [name, { id, ...served }])),
      analyticsEngineDatasets: Object.fromEntries(datasets.map(({ name, dataset = '' }) => [name, { dataset }])),
      resourcePersistencePath: this.#state,
      port: this.#port,
      host: '127.0.0.1',
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      logRequests: false,
      handleStructuredLogs: () => {},
    });
  }
}
