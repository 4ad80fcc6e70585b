import { CATALOG_KEY, Catalog, parseJson } from '@nixos-images/shared';
import type { Settings } from './settings.ts';

/** A catalog as it was read. */
export interface Snapshot {
  readonly catalog: Catalog;
  readonly text: string;
  readonly etag: string;
}

/** What a reading of the catalog came to. */
export type Reading =
  /** `held` cost no look at the bucket, `read` did. */
  | { readonly state: 'held' | 'read'; readonly snapshot: Snapshot }
  /** The bucket could not be read, and this was true `age` seconds ago. */
  | { readonly state: 'stale'; readonly snapshot: Snapshot; readonly age: number }
  /** The bucket has no catalog: nothing was ever published. */
  | { readonly state: 'empty'; readonly snapshot: undefined }
  | { readonly state: 'unreachable'; readonly snapshot: undefined; readonly error: unknown };

/** For how long a catalog is used. */
export type CatalogLimits = Pick<Settings, 'CATALOG_FRESH_SECONDS' | 'CATALOG_WAIT_SECONDS' | 'CATALOG_STALE_SECONDS'>;

/** After a failed look the next one comes no sooner, in milliseconds: a struggling bucket is not asked by every request. */
const RETRY_AFTER = 5_000;

/** Longest time that a look in the background keeps others from looking, in milliseconds. */
const LOOK_LIMIT = 10_000;

/**
 * Keeps the catalog between the requests of an isolate. Requests never wait for one another's I/O (the runtime cancels what belongs
 * to an ended request): they share what was read, not the reading.
 */
export class CatalogHolder {
  readonly #now: () => number;
  #held: { readonly snapshot: Snapshot; readonly at: number } | undefined;
  #lookSince: number | undefined;
  #failedAt: number | undefined;

  /** @param now gives milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The catalog to answer from; `later` keeps the isolate alive for a look at the bucket after the answer. */
  async read(
    bucket: Pick<R2Bucket, 'get'>,
    limits: CatalogLimits,
    later: (work: Promise<unknown>) => void,
  ): Promise<Reading> {
    const now = this.#now();
    const held = this.#held;
    if (held !== undefined && now - held.at < limits.CATALOG_WAIT_SECONDS * 1000) {
      if (now - held.at >= limits.CATALOG_FRESH_SECONDS * 1000 && !this.#looking(now)) {
        this.#lookSince = now;
        later(this.#look(bucket).catch(() => {}));
      }
      return { state: 'held', snapshot: held.snapshot };
    }
    const age = held === undefined ? Number.POSITIVE_INFINITY : Math.round((now - held.at) / 1000);
    const usable = held !== undefined && age <= limits.CATALOG_STALE_SECONDS ? held.snapshot : undefined;
    if (usable !== undefined && this.#failedAt !== undefined && now - this.#failedAt < RETRY_AFTER) {
      return { state: 'stale', snapshot: usable, age };
    }
    try {
      const snapshot = await this.#look(bucket);
      return snapshot === undefined ? { state: 'empty', snapshot: undefined } : { state: 'read', snapshot };
    } catch (error) {
      return usable === undefined
        ? { state: 'unreachable', snapshot: undefined, error }
        : { state: 'stale', snapshot: usable, age };
    }
  }

  #looking(now: number): boolean {
    return this.#lookSince !== undefined && now - this.#lookSince < LOOK_LIMIT;
  }

  /** One operation: the catalog if it is another than the one held. */
  async #look(bucket: Pick<R2Bucket, 'get'>): Promise<Snapshot | undefined> {
    try {
      const held = this.#held;
      const object = await (held === undefined
        ? bucket.get(CATALOG_KEY)
        : bucket.get(CATALOG_KEY, { onlyIf: { etagDoesNotMatch: held.snapshot.etag } }));
      if (object === null) {
        this.#held = undefined;
        return undefined;
      }
      const snapshot = 'body' in object ? await snapshotOf(object) : held?.snapshot;
      if (snapshot === undefined) return undefined;
      this.#held = { snapshot, at: this.#now() };
      this.#failedAt = undefined;
      return snapshot;
    } catch (error) {
      this.#failedAt = this.#now();
      throw error;
    } finally {
      this.#lookSince = undefined;
    }
  }
}

async function snapshotOf(object: R2ObjectBody): Promise<Snapshot> {
  const text = await object.text();
  return { catalog: parseJson(Catalog, text, CATALOG_KEY), text, etag: object.etag };
}
