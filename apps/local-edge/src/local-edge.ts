import { createServer } from 'node:net';
import { readBuiltWorker } from '@nixos-images/edge/built-worker';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { LocalEdgeFailure } from './failure.ts';
import type { Ready } from './ready.ts';

/** Name of the bucket, in S3's addresses as well. */
const BUCKET_NAME = 'nixos-images';

/** Key pair of the local bucket. It guards nothing but a folder on this machine, so it is fixed and public. */
const LOCAL_CREDENTIALS = { accessKeyId: 'nixos-images-local', secretAccessKey: 'nixos-images-local-secret' } as const;

export interface LocalEdgeOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on, such as `127.0.0.1`. */
  readonly host: string;
  /** Folder that keeps the bucket from one run to the next. */
  readonly state: string;
  /** Settings of the Worker beside those of a deployment, by their name in `wrangler.jsonc`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Receives each line that the Worker logs; without it they go to standard error. */
  readonly onLog?: (line: string) => void;
}

/** A running Worker with its bucket. */
export interface LocalEdge extends Ready {
  /** Writes an object into the bucket without going over the network. */
  readonly put: (key: string, bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Ends the Worker and its runtime; safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** The port asked for belongs to another program. */
export class PortInUse extends LocalEdgeFailure {
  override readonly name = 'PortInUse';

  constructor(host: string, port: number) {
    super(`Port ${port} on ${host} is in use: choose another one with --port.`);
  }
}

/** The address asked for is not one of this machine. */
export class HostUnavailable extends LocalEdgeFailure {
  override readonly name = 'HostUnavailable';

  constructor(host: string) {
    super(`Cannot listen on ${host}: name an address of this machine with --host.`);
  }
}

/**
 * Runs the built Worker with its bucket on this machine; resolves once it answers.
 * @throws WorkerNotBuilt, PortInUse, HostUnavailable
 */
export async function startLocalEdge({ port, host, state, vars = {}, onLog }: LocalEdgeOptions): Promise<LocalEdge> {
  await checkPort(host, port);
  const { modules, compatibilityDate } = await readBuiltWorker();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'edge',
      modules,
      modulesRoot: '/',
      compatibilityDate,
      bindings: { ...LOCAL_VARS, ...vars },
      r2Buckets: { BUCKET: { id: BUCKET_NAME, s3Credentials: LOCAL_CREDENTIALS } },
      resourcePersistencePath: state,
      port,
      host,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      logRequests: false,
      handleStructuredLogs: ({ message }: { message: string }) => (onLog ?? printLine)(message),
    }),
  );
  const ready = await miniflare.ready;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${ready.port}`;
  let stopping: Promise<void> | undefined;
  return {
    url,
    s3: { endpoint: `${url}/cdn-cgi/local/r2/s3`, region: 'auto', bucket: BUCKET_NAME, ...LOCAL_CREDENTIALS },
    put: async (key, bytes) => {
      await (await miniflare.getR2Bucket('BUCKET')).put(key, bytes);
    },
    stop: () => {
      stopping ??= miniflare.dispose();
      return stopping;
    },
  };
}

/** Who promotes a release at home wants to see it at once. */
const LOCAL_VARS: Readonly<Record<string, string>> = { CATALOG_FRESH_SECONDS: '1', CATALOG_WAIT_SECONDS: '1' };

function printLine(line: string): void {
  console.error(line);
}

/** Fails early, because the runtime reports a port in use as a crash. */
function checkPort(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(new PortInUse(host, port));
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') reject(new HostUnavailable(host));
      else reject(error);
    });
    probe.listen({ port, host }, () => probe.close(() => resolve()));
  });
}
