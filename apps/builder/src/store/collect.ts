import { randomUUID } from 'node:crypto';
import {
  CATALOG_KEY,
  type Catalog,
  type CatalogChannel,
  type Collection,
  formatJson,
  timeOf,
} from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { changeCatalog, noCompareAndSwap, REFUSALS } from './catalog-change.ts';
import { findGarbage, type Garbage, type GarbageOptions, keysOf } from './garbage.ts';
import { REVALIDATE, readCatalog } from './stored.ts';

/**
 * How long a claim holds without a sign of life, in milliseconds. A collector deletes nothing unless it renewed its
 * claim less than half of this ago by a clock that cannot jump; others take a claim over after all of it.
 */
export const LEASE = 15 * 60 * 1000;

/** Blobs claimed at a time; the claim stands in the catalog, which edges read. */
const BATCH = 200;

const ATTEMPTS = 50;

export interface CollectOptions extends Omit<GarbageOptions, 'now'> {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that never go back: `performance.now`. */
  readonly monotonic?: () => number;
  readonly onRemoved?: (key: string) => void;
  readonly pause?: number;
  /** Tells this collection from others. */
  readonly id?: string;
}

function bucketTime(bucket: Bucket): number {
  return Date.now() + bucket.clockOffset;
}

/** What `collect` would delete now; undefined in a bucket without a catalog, where nothing can be known. */
export async function previewCollection(bucket: Bucket, options: CollectOptions): Promise<Garbage | undefined> {
  const found = await readCatalog(bucket);
  return found && findGarbage(bucket, found.catalog, { ...options, now: bucketTime(bucket) });
}

/**
 * Deletes what nothing names, in the three steps of docs/publishing.md: claim it in the catalog, delete it, give the
 * claim back. A promotion and a claim over the same blobs cannot both succeed.
 * @returns what was deleted.
 */
export async function collect(bucket: Bucket, options: CollectOptions): Promise<Garbage[]> {
  const collected: Garbage[] = [];
  const id = options.id ?? randomUUID();
  const monotonic = options.monotonic ?? (() => performance.now());
  for (;;) {
    const garbage = await claim(bucket, id, options);
    if (garbage === undefined) return collected;
    let confirmed = monotonic();
    for (const key of keysOf(garbage)) {
      options.signal?.throwIfAborted();
      if (monotonic() - confirmed > LEASE / 4) {
        await renew(bucket, id, options);
        confirmed = monotonic();
      }
      await bucket.remove(key);
      options.onRemoved?.(key);
    }
    await giveBack(bucket, id, options);
    collected.push(garbage);
    if (garbage.blobs.length < BATCH) return collected;
  }
}

/** Claims garbage by compare-and-swap: the catalog that was looked at must be the one that is written over. */
async function claim(bucket: Bucket, id: string, options: CollectOptions): Promise<Garbage | undefined> {
  let refusals = 0;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const found = await readCatalog(bucket);
    if (found === undefined) return undefined;
    const { catalog, etag } = found;
    const now = bucketTime(bucket);
    refuseRival(catalog, id, now);
    const all = await findGarbage(bucket, catalog, { ...options, now });
    const garbage = { ...all, blobs: all.blobs.slice(0, BATCH) };
    if (keysOf(garbage).length === 0 && garbage.expired.size === 0 && catalog.collecting === undefined)
      return undefined;
    const after = withClaim(catalog, garbage, { id, now });
    const text = formatJson(after);
    const write = { contentType: 'application/json', cacheControl: REVALIDATE, condition: { ifMatch: etag } };
    if (await bucket.write(CATALOG_KEY, text, write)) return garbage;
    // The answer to a write that was repeated may have been lost.
    const left = await bucket.read(CATALOG_KEY);
    if (left?.text === text) return garbage;
    refusals = left?.etag === etag ? refusals + 1 : 0;
    if (refusals >= REFUSALS) throw noCompareAndSwap();
  }
  throw new Failure('The catalog kept changing while garbage was looked for.', { remedy: 'Run gc again later.' });
}

function refuseRival({ collecting }: Catalog, id: string, now: number): void {
  if (collecting === undefined || collecting.id === id) return;
  const until = Date.parse(collecting.renewed) + LEASE;
  if (now > until) return;
  throw new Failure(`Another collection is running since ${collecting.renewed}.`, {
    remedy: `If it was killed, run gc again after ${new Date(until).toISOString()}: it takes over.`,
  });
}

function withClaim(catalog: Catalog, garbage: Garbage, { id, now }: { id: string; now: number }): Catalog {
  const time = timeOf(new Date(now));
  const channels = Object.entries(catalog.channels).map(([name, entry]): [string, CatalogChannel] => {
    const gone = [...garbage.expired].find(([channel]) => channel === name)?.[1] ?? [];
    return [name, { ...entry, former: entry.former.filter(({ version }) => !gone.includes(version)) }];
  });
  const collecting: Collection = {
    id,
    renewed: time,
    blobs: garbage.blobs.map(({ sha256 }) => sha256),
    releases: [...garbage.releases.keys()],
  };
  const { generation } = catalog;
  return { ...catalog, generation: generation + 1, updated: time, channels: Object.fromEntries(channels), collecting };
}

async function renew(bucket: Bucket, id: string, { signal, pause }: CollectOptions): Promise<void> {
  await changeCatalog(
    bucket,
    (catalog) => {
      if (catalog.collecting?.id !== id) throw taken();
      return { ...catalog, collecting: { ...catalog.collecting, renewed: timeOf(new Date(bucketTime(bucket))) } };
    },
    { signal, pause },
  );
}

async function giveBack(bucket: Bucket, id: string, { signal, pause }: CollectOptions): Promise<void> {
  await changeCatalog(
    bucket,
    ({ collecting, ...catalog }) => {
      if (collecting?.id !== id) return undefined;
      return catalog;
    },
    { signal, pause },
  );
}

function taken(): Failure {
  return new Failure('Another collection took this one over: it was silent for too long.', {
    remedy: 'Nothing is lost. Run gc again if anything is left.',
  });
}
