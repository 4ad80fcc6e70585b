import {
  CATALOG_KEY,
  type Catalog,
  MalformedJson,
  NewerSchema,
  parseCatalog,
  type Unknown,
} from '@nixos-images/shared';
import type { Settings } from './settings.ts';

/** A catalog as it was read. */
export interface Snapshot {
  /** As much of it as this edge understands. */
  readonly catalog: Catalog;
  readonly unknown: readonly Unknown[];
  readonly text: string;
  readonly etag: string;
}

/** What a reading of the catalog came to. */
export type Reading =
  /** `held` cost no look at the bucket, `read` did. */
  | { readonly state: 'held' | 'read'; readonly snapshot: Snapshot }
  /** There is no newer one to be had, and this was true `age` seconds ago. */
  | { readonly state: 'stale'; readonly snapshot: Snapshot; readonly age: number; readonly error: unknown }
  /** The bucket has no catalog: nothing was ever published. */
  | { readonly state: 'empty'; readonly snapshot: undefined }
  /** `unreadable`: the bucket answered, but what it has is no catalog that this edge understands. */
  | { readonly state: 'unreachable' | 'unreadable'; readonly snapshot: undefined; readonly error: unknown };

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
  #failure: { readonly at: number; readonly error: unknown } | undefined;

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
    if (usable !== undefined && this.#failure !== undefined && now - this.#failure.at < RETRY_AFTER) {
      return { state: 'stale', snapshot: usable, age, error: this.#failure.error };
    }
    try {
      const snapshot = await this.#look(bucket);
      return snapshot === undefined ? { state: 'empty', snapshot: undefined } : { state: 'read', snapshot };
    } catch (error) {
      return usable === undefined
        ? { state: isUnreadable(error) ? 'unreadable' : 'unreachable', snapshot: undefined, error }
        : { state: 'stale', snapshot: usable, age, error };
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
      this.#failure = undefined;
      return snapshot;
    } catch (error) {
      this.#failure = { at: this.#now(), error };
      throw error;
    } finally {
      this.#lookSince = undefined;
    }
  }
}

async function snapshotOf(object: R2ObjectBody): Promise<Snapshot> {
  const text = await object.text();
  const { value, unknown } = parseCatalog(text, CATALOG_KEY);
  return { catalog: value, unknown, text, etag: object.etag };
}

/** Whether the fault is in what the bucket has, and not on the way to it. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof MalformedJson || error instanceof NewerSchema;
}

/** Says that an answer was made of a catalog past its time, and why (RFC 9211). */
export function staleness({ age, error }: Extract<Reading, { state: 'stale' }>): string {
  return `catalog; hit; ttl=-${age}; detail=${isUnreadable(error) ? 'catalog-unreadable' : 'bucket-unreachable'}`;
}
