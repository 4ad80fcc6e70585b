import {
  type BootRecord,
  type Catalog,
  type Manifest,
  PUBLIC_KEY_KEY,
  parseBootRecord,
  parseJson,
  parseManifest,
  releaseKey,
  type Version,
} from '@nixos-images/shared';
import * as v from 'valibot';

/** For so long, in milliseconds, holds what may be written yet, or anew. */
export const BRIEFLY = 15_000;

/** For so long, in milliseconds, holds what changes with the catalog, or with the day on which a channel ends. */
export const ALWAYS = 60 * 60 * 1000;

/** Remembers what was read or worked out, under a name; when it is full, what came first makes room. */
export class Memory<Value> {
  readonly #held = new Map<string, { readonly value: Value; readonly until: number }>();
  readonly #most: number;
  readonly #holds: (value: Value) => number;
  readonly #now: () => number;

  /**
   * @param most entries at a time.
   * @param holds for how many milliseconds a value is true.
   * @param now gives milliseconds since 1970.
   */
  constructor(most: number, holds: (value: Value) => number, now: () => number = Date.now) {
    this.#most = most;
    this.#holds = holds;
    this.#now = now;
  }

  /** What is held under a name, if anything is. */
  held(name: string): Value | undefined {
    const held = this.#held.get(name);
    return held !== undefined && this.#isTrue(held.until) ? held.value : undefined;
  }

  /** Holds a value, for as long as one of its kind is true. */
  hold(name: string, value: Value): void {
    const milliseconds = this.#holds(value);
    this.#held.delete(name);
    if (milliseconds === 0) return;
    // The first of a Map is the one put in longest ago.
    const [first] = this.#held.keys();
    if (this.#held.size >= this.#most && first !== undefined) this.#held.delete(first);
    this.#held.set(name, { value, until: this.#now() + milliseconds });
  }

  /** What is held under a name, else what `find` gives. If that rejects, nothing is held. */
  async recall(name: string, find: () => Value | Promise<Value>): Promise<Value> {
    const held = this.#held.get(name);
    if (held !== undefined && this.#isTrue(held.until)) return held.value;
    const value = await find();
    this.hold(name, value);
    return value;
  }

  /** Without a look at the clock where it makes no difference: the runtime takes longer for it than for all of this. */
  #isTrue(until: number): boolean {
    return until === Number.POSITIVE_INFINITY || this.#now() < until;
  }
}

/** Text of an object of the bucket. */
export interface WrittenObject {
  readonly text: string;
  /** When it was written, in milliseconds since 1970. */
  readonly uploaded: number;
  /** Whether another may still take its place. */
  readonly mayChange: boolean;
}

/** Reads a small object by its key; undefined if the bucket has none. Rejects if the bucket cannot be read. */
export type ReadObject = (key: string) => Promise<WrittenObject | undefined>;

/** Reads small objects that are written once (manifests, sums, signatures, boot records) from the bucket once. */
export class WrittenObjects {
  readonly #memory: Memory<WrittenObject | 'absent'>;

  /** @param now gives milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    const holds = (object: WrittenObject | 'absent') =>
      object === 'absent' || object.mayChange ? BRIEFLY : Number.POSITIVE_INFINITY;
    this.#memory = new Memory(200, holds, now);
  }

  /** The object of a key; undefined if the bucket has none. */
  async read(bucket: Pick<R2Bucket, 'get'>, key: string): Promise<WrittenObject | undefined> {
    const object = await this.#memory.recall(key, async () => {
      const found = await bucket.get(key);
      if (found === null) return 'absent';
      const text = await found.text();
      return { text, uploaded: found.uploaded.getTime(), mayChange: mayChange(key, text) };
    });
    return object === 'absent' ? undefined : object;
  }
}

/** As much of a boot record as tells that tests ran; whoever shows the record reads it in full. */
const RecordOfTests = v.object({ gate: v.literal('run') });

/** A boot record that says why no test ran is written anew when the tests do run, the public key with a new key; nothing else ever is. */
function mayChange(key: string, text: string): boolean {
  if (key === PUBLIC_KEY_KEY) return true;
  if (!key.endsWith('/boot.json')) return false;
  try {
    return parseJson(RecordOfTests, text, key).gate !== 'run';
  } catch {
    return true;
  }
}

/** The manifest of a version: out of the catalog if it is a current one, else out of the bucket; undefined if there is none. */
export async function findManifest(
  version: Version,
  catalog: Catalog,
  read: ReadObject,
): Promise<Manifest | undefined> {
  const current = Object.values(catalog.channels).find((entry) => entry.current.version === version);
  if (current !== undefined) return current.current;
  const key = releaseKey(version, 'manifest.json');
  const object = await read(key);
  return object === undefined ? undefined : parseManifest(object.text, key).value;
}

/** The boot record of a release; undefined as long as there is none. */
export async function findBootRecord(version: Version, read: ReadObject): Promise<BootRecord | undefined> {
  const key = releaseKey(version, 'boot.json');
  const object = await read(key);
  return object === undefined ? undefined : parseBootRecord(object.text, key).value;
}
