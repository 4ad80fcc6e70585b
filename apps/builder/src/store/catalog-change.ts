import { setTimeout as sleep } from 'node:timers/promises';
import { CATALOG_KEY, type Catalog, formatJson, timeOf } from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Bucket } from './bucket.ts';
import { REVALIDATE, readCatalog } from './stored.ts';

/** The catalog of a bucket that has none yet. */
function emptyCatalog(): Catalog {
  return { schema: 1, generation: 0, updated: timeOf(new Date(0)), channels: {} };
}

/** What a change makes of the catalog that it finds: the new one, or undefined for "as it is". */
export type Change = (catalog: Catalog) => Promise<Catalog | undefined> | Catalog | undefined;

/** R2 takes one write a second of the same key: with a pause of up to this long, in milliseconds, twenty publishers spread out. */
const PAUSE = 1000;
const ATTEMPTS = 200;

/** Writes refused in a row though nobody else wrote: then it is the server, not a race. */
export const REFUSALS = 3;

/** The catalog cannot be changed on this server. */
export function noCompareAndSwap(): Failure {
  return new Failure(
    'The server refuses If-Match with the very ETag that it gave, so the catalog cannot be changed safely.',
    {
      remedy: 'Use a server with conditional writes on PutObject: R2 has them (radosgw before Ceph 18 has not).',
    },
  );
}

interface ChangeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly pause?: number | undefined;
}

/**
 * Changes the catalog by compare-and-swap. The change is applied to what the bucket holds; when someone else was
 * faster, to what they left. It is called once for every try, so it must be a pure merge.
 * @returns the catalog afterwards, and whether it was this call that changed it.
 */
export async function changeCatalog(
  bucket: Bucket,
  change: Change,
  { signal, pause = PAUSE }: ChangeOptions = {},
): Promise<{ catalog: Catalog; changed: boolean }> {
  let refusals = 0;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    signal?.throwIfAborted();
    const found = await readCatalog(bucket);
    const before = found?.catalog ?? emptyCatalog();
    const wanted = await change(before);
    if (wanted === undefined) return { catalog: before, changed: false };
    const now = timeOf(new Date(Date.now() + bucket.clockOffset));
    const after: Catalog = { ...wanted, generation: before.generation + 1, updated: now };
    const text = formatJson(after);
    const written = await bucket.write(CATALOG_KEY, text, {
      contentType: 'application/json',
      cacheControl: REVALIDATE,
      condition: found === undefined ? { ifAbsent: true } : { ifMatch: found.etag },
    });
    if (written) return { catalog: after, changed: true };
    // A write whose answer was lost is repeated and then refused: it is ours if these are our bytes.
    const left = await bucket.read(CATALOG_KEY);
    if (left?.text === text) return { catalog: after, changed: true };
    refusals = left !== undefined && left.etag === found?.etag ? refusals + 1 : 0;
    if (refusals >= REFUSALS) throw noCompareAndSwap();
    await sleep(Math.random() * pause, undefined, { ...(signal && { signal }) });
  }
  throw new Failure(`The catalog changed ${ATTEMPTS} times while it was to be written.`, {
    remedy: 'Someone writes it in a loop: end that, then run the same command again.',
  });
}
