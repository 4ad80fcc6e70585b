import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBuiltWorker } from '@nixos-images/edge/built-worker';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';

/** Which Worker answers. */
export type WorkerName = 'edge' | OtherName;

/** What the edge is held against; those with headers answer as the edge did and write its line of log as well. */
const OTHERS = ['floor', 'floor-with-headers', 'empty', 'empty-with-headers'] as const;
/** `before` is the edge of an earlier build. */
export type OtherName = (typeof OTHERS)[number] | 'before';

/** What the edge answered to a request, and the line that it logged. */
export interface Recorded {
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  /** Null where the answer has no body, or one that comes out of the bucket. */
  readonly body: string | null;
  readonly line: string;
}

export interface WorkersOptions {
  /** Folder of the bucket. */
  readonly state: string;
  /** Folder of an earlier build of the edge, as `npm run build` leaves it in apps/edge/dist/upload. */
  readonly before: string | undefined;
  /** What the Workers with headers answer. */
  readonly like?: Recorded | undefined;
  readonly onLog?: (line: string) => void;
}

/** Workers in one runtime over one bucket, each on a port of its own. */
export interface Workers {
  readonly ports: Readonly<Record<WorkerName, number>>;
  /** Process id of the runtime. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** Bytes of the file whose download is measured, and of the small object that the floor gives. */
export const BODY = 64 * 1024 ** 2;
export const SMALL_KEY = 'small';
const SMALL = 2048;

/** Starts all Workers, with a 64 MiB tarball, and the same as an initrd, in their bucket. */
export async function startWorkers({ state, before, like, onLog = () => {} }: WorkersOptions): Promise<Workers> {
  const read = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
  const other = async (name: (typeof OTHERS)[number]) => ({
    name,
    modules: [{ type: 'ESModule' as const, path: `/${name}.js`, contents: await read(`${name}-worker.js`) }],
    modulesRoot: '/',
    bindings: { LIKE: JSON.stringify(like ?? null) },
    ...shared,
  });
  const { modules, compatibilityDate } = await readBuiltWorker();
  const shared = {
    compatibilityDate,
    r2Buckets: { BUCKET: 'bench' },
    // Straight to the Worker, past what miniflare puts in front of the first one.
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  };
  // As deployments have it: an edge that does not know its own name writes a script anew for each who asks.
  const bindings = { PUBLIC_ORIGIN: 'http://images.example.org' };
  const children = await childrenOf(process.pid);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        { name: 'edge', modules, modulesRoot: '/', ...shared, bindings },
        { name: 'before', modules: (await readBuiltWorker(before)).modules, modulesRoot: '/', ...shared, bindings },
        ...(await Promise.all(OTHERS.map(other))),
      ],
      resourcePersistencePath: state,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }: { message: string }) => onLog(message),
    }),
  );
  await miniflare.ready;
  const port = async (name: WorkerName) => Number((await miniflare.unsafeGetDirectURL(name)).port);
  const ports = {
    edge: await port('edge'),
    before: await port('before'),
    floor: await port('floor'),
    'floor-with-headers': await port('floor-with-headers'),
    empty: await port('empty'),
    'empty-with-headers': await port('empty-with-headers'),
  };
  const pid = (await childrenOf(process.pid)).find((child) => !children.includes(child));
  if (pid === undefined) throw new Error('the runtime has no process');
  return { ports, pid, stop: () => miniflare.dispose() };
}

/** A bucket with a release and the floor's small object, for any number of starts. */
export async function prepareBucket(): Promise<{ state: string; tarballKey: string; remove: () => Promise<void> }> {
  const state = await mkdtemp(join(tmpdir(), 'nixos-images-bench-'));
  const bytes = new Uint8Array(BODY);
  for (let at = 0; at < BODY; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  const common = { size: SMALL, published: '2026-08-20T04:05:06.000Z' } as const;
  const tarballs = await sampleRelease({
    ...common,
    version: '26.05.20260820.e17386d',
    channel: 'nixos-26.05',
    content: { role: 'tarball', bytes },
  });
  const initrds = await sampleRelease({
    ...common,
    version: '26.11.20260820.e17386d',
    channel: 'nixos-unstable',
    kinds: ['netboot'],
    content: { role: 'initrd', bytes },
  });
  const objects = new Map([...tarballs.objects, ...initrds.objects]);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await readFile(new URL('empty-worker.js', import.meta.url), 'utf8'),
      r2Buckets: { BUCKET: 'bench' },
      resourcePersistencePath: state,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
    }),
  );
  const bucket = await miniflare.getR2Bucket('BUCKET');
  for (const [key, value] of objects) await bucket.put(key, value);
  const { key, bytes: catalog } = sampleCatalog([tarballs.manifest, initrds.manifest]);
  await bucket.put(key, catalog);
  await bucket.put(SMALL_KEY, crypto.getRandomValues(new Uint8Array(SMALL)));
  await miniflare.dispose();
  const tarballKey = [...objects].find(([, value]) => value.length === BODY)?.[0] ?? '';
  return { state, tarballKey, remove: () => rm(state, { recursive: true, force: true }) };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}
