import {
  CATALOG_KEY,
  type Catalog,
  type CatalogChannel,
  type Channel,
  formatJson,
  type Time,
  timeOf,
  type Unknown,
} from '@nixos-images/shared';
import { EXIT, Failure } from '../failure.ts';
import { persist, type RetryPolicy } from '../retry.ts';
import type { Bucket } from './bucket.ts';
import { keepUnknown } from './keep-unknown.ts';
import { REVALIDATE, readCatalog } from './stored.ts';

/** The catalog of a bucket that has none yet. */
function emptyCatalog(): Catalog {
  return { schema: 1, generation: 0, updated: timeOf(new Date(0)), channels: {} };
}

/** What a change makes of the catalog that it finds. */
export interface Changed<Result> {
  /** Absent: it stays as it is. */
  readonly catalog?: Catalog | undefined;
  /** What the caller is told. */
  readonly result: Result;
}

/**
 * A change of the catalog. A bucket that has none yet gives it generation 0. `now` is the server's time, for all that is
 * written down; `unknown` is what the catalog says besides.
 */
export type Change<Result> = (
  catalog: Catalog,
  now: Time,
  unknown: readonly Unknown[],
) => Promise<Changed<Result>> | Changed<Result>;

/** R2 takes one write a second of the same key: with a pause of up to this long, in milliseconds, twenty publishers spread out. */
const PAUSE = 1000;
const ATTEMPTS = 200;

/** Writes refused in a row though nobody else wrote: then it is the server, not a race. */
const REFUSALS = 3;

export interface CatalogOptions {
  readonly signal?: AbortSignal | undefined;
  /** Upper bound of the pause after a lost race, in milliseconds. */
  readonly pause?: number | undefined;
  /** Decide and check, but write nothing. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Changes the catalog by compare-and-swap, the only way in which it changes. The change is applied to what the bucket holds; when
 * someone else was faster, to what they left. It is called once for every try, so it must be a pure merge. What a newer builder wrote
 * there and this one does not understand stays as it is.
 * @returns what the change that counted says.
 */
export async function changeCatalog<Result>(
  bucket: Bucket,
  change: Change<Result>,
  { signal, pause = PAUSE, dryRun = false }: CatalogOptions = {},
): Promise<Result> {
  const policy: RetryPolicy = { attempts: ATTEMPTS, firstPause: pause, longestPause: pause };
  let refusals = 0;
  return persist(policy, signal, async () => {
    const found = await readCatalog(bucket);
    const before = found?.catalog ?? emptyCatalog();
    const now = timeOf(await bucket.now());
    const { catalog: wanted, result } = await change(before, now, found?.unknown ?? []);
    if (wanted === undefined || dryRun) return { done: result };
    const after: Catalog = { ...wanted, generation: before.generation + 1, updated: now };
    const text = formatJson(found === undefined ? after : keepUnknown(JSON.parse(found.text), before, after));
    const written = await bucket.write(CATALOG_KEY, text, {
      contentType: 'application/json',
      cacheControl: REVALIDATE,
      condition: found === undefined ? { ifAbsent: true } : { ifMatch: found.etag },
    });
    if (written) return { done: result };
    // A write whose answer was lost is repeated and then refused: it is ours if these are our bytes.
    const left = await bucket.read(CATALOG_KEY);
    if (left?.text === text) return { done: result };
    refusals = left !== undefined && left.etag === found?.etag ? refusals + 1 : 0;
    if (refusals >= REFUSALS) throw noCompareAndSwap();
    return { failure: tooManyRivals() };
  });
}

/**
 * A channel's entry.
 * @throws Failure (exit 2) that lists the channels that have one.
 */
export function requireEntry(catalog: Catalog, channel: Channel): CatalogChannel {
  const entry = catalog.channels[channel];
  if (entry !== undefined) return entry;
  const there = Object.keys(catalog.channels);
  throw new Failure(`${channel} has no release yet.`, {
    remedy: there.length > 0 ? `Channels that have: ${there.join(', ')}.` : 'Publish and promote one first.',
    exitCode: EXIT.usage,
  });
}

function noCompareAndSwap(): Failure {
  return new Failure(
    'The server refuses If-Match with the very ETag that it gave, so the catalog cannot be changed safely.',
    {
      remedy: 'Use a server with conditional writes on PutObject: R2 has them (radosgw before Ceph 18 has not).',
    },
  );
}

function tooManyRivals(): Failure {
  return new Failure(`The catalog changed ${ATTEMPTS} times while it was to be written.`, {
    remedy: 'Someone writes it in a loop: end that, then run the same command again.',
  });
}
