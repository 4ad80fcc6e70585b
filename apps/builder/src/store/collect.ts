import { randomUUID } from 'node:crypto';
import {
  CATALOG_KEY,
  type Catalog,
  type CatalogChannel,
  type Collection,
  type Time,
  type Unknown,
} from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { type CatalogOptions, type Change, changeCatalog } from './catalog-change.ts';
import { findGarbage, type Garbage, type GarbageOptions, keysOf } from './garbage.ts';
import { notUnderstood } from './keep-unknown.ts';
import { readCatalog } from './stored.ts';

/**
 * How long a claim holds without a sign of life, in milliseconds. A collector deletes nothing unless it renewed its
 * claim less than half of this ago by a clock that cannot jump; others take a claim over after all of it.
 */
export const LEASE = 15 * 60 * 1000;

/** Blobs claimed at a time; the claim stands in the catalog, which edges read. */
const BATCH = 200;

export interface CollectOptions extends Omit<GarbageOptions, 'now'>, Omit<CatalogOptions, 'dryRun'> {
  /** Milliseconds that never go back: `performance.now`. */
  readonly monotonic?: () => number;
  readonly onRemoved?: (key: string) => void;
  /** Tells this collection from others. */
  readonly id?: string;
}

/** What `collect` would delete now; undefined in a bucket without a catalog, where nothing can be known. */
export async function previewCollection(bucket: Bucket, options: CollectOptions): Promise<Garbage | undefined> {
  const found = await readCatalog(bucket);
  if (found === undefined) return undefined;
  requireKnown(found.unknown);
  return findGarbage(bucket, found.catalog, { ...options, now: (await bucket.now()).getTime() });
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

/** Claims garbage by compare-and-swap: the catalog that was looked at is the one that is written over. */
async function claim(bucket: Bucket, id: string, options: CollectOptions): Promise<Garbage | undefined> {
  const change: Change<Garbage | undefined> = async (catalog, now, unknown) => {
    if (isMissing(catalog)) return { result: undefined };
    requireKnown(unknown);
    refuseRival(catalog, id, now);
    const all = await findGarbage(bucket, catalog, { ...options, now: Date.parse(now) });
    const garbage = { ...all, blobs: all.blobs.slice(0, BATCH) };
    const isEmpty = keysOf(garbage).length === 0 && garbage.expired.size === 0;
    if (isEmpty && catalog.collecting === undefined) return { result: undefined };
    return { catalog: withClaim(catalog, garbage, { id, now }), result: garbage };
  };
  return changeCatalog(bucket, change, options);
}

/** A catalog that is not understood whole may name what is about to be deleted. */
function requireKnown(unknown: readonly Unknown[]): void {
  if (unknown.length > 0) throw notUnderstood(CATALOG_KEY, unknown);
}

/** Without a catalog nothing can be known, so nothing is deleted. */
function isMissing({ generation }: Catalog): boolean {
  return generation === 0;
}

function refuseRival({ collecting }: Catalog, id: string, now: Time): void {
  if (collecting === undefined || collecting.id === id) return;
  const until = Date.parse(collecting.renewed) + LEASE;
  if (Date.parse(now) > until) return;
  throw new Failure(`Another collection is running since ${collecting.renewed}.`, {
    remedy: `If it was killed, run gc again after ${new Date(until).toISOString()}: it takes over.`,
  });
}

function withClaim(catalog: Catalog, garbage: Garbage, { id, now }: { id: string; now: Time }): Catalog {
  const channels = Object.entries(catalog.channels).map(([name, entry]): [string, CatalogChannel] => {
    const gone = [...garbage.expired].find(([channel]) => channel === name)?.[1] ?? [];
    return [name, { ...entry, former: entry.former.filter(({ version }) => !gone.includes(version)) }];
  });
  const collecting: Collection = {
    id,
    renewed: now,
    blobs: garbage.blobs.map(({ sha256 }) => sha256),
    releases: [...garbage.releases.keys()],
  };
  return { ...catalog, channels: Object.fromEntries(channels), collecting };
}

async function renew(bucket: Bucket, id: string, options: CollectOptions): Promise<void> {
  await changeCatalog(
    bucket,
    (catalog, now) => {
      if (catalog.collecting?.id !== id) throw taken();
      return { catalog: { ...catalog, collecting: { ...catalog.collecting, renewed: now } }, result: undefined };
    },
    options,
  );
}

async function giveBack(bucket: Bucket, id: string, options: CollectOptions): Promise<void> {
  await changeCatalog(
    bucket,
    ({ collecting, ...catalog }) => ({ catalog: collecting?.id === id ? catalog : undefined, result: undefined }),
    options,
  );
}

function taken(): Failure {
  return new Failure('Another collection took this one over: it was silent for too long.', {
    remedy: 'Nothing is lost. Run gc again if anything is left.',
  });
}
