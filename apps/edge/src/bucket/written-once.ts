/** Text of an object with the time at which it was written, in milliseconds since 1970. */
export interface WrittenObject {
  readonly text: string;
  readonly uploaded: number;
}

/** Objects held per isolate; each is some kilobytes. */
const MOST = 200;
/** An object that was not there may have been written since, after so many milliseconds. */
const ABSENT_FOR = 15_000;

/** Keeps small objects that are written once and never changed: manifests, sums, signatures, boot records. */
export class WrittenOnce {
  readonly #held = new Map<string, { readonly object: WrittenObject | undefined; readonly at: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The object of a key; undefined if the bucket has none. Rejects if the bucket cannot be read. */
  async read(bucket: Pick<R2Bucket, 'get'>, key: string): Promise<WrittenObject | undefined> {
    const held = this.#held.get(key);
    if (held !== undefined && (held.object !== undefined || this.#now() - held.at < ABSENT_FOR)) return held.object;
    const found = await bucket.get(key);
    const object = found === null ? undefined : { text: await found.text(), uploaded: found.uploaded.getTime() };
    // The first of a Map is the one put in longest ago.
    const [oldest] = this.#held.keys();
    if (this.#held.size >= MOST && oldest !== undefined) this.#held.delete(oldest);
    this.#held.set(key, { object, at: this.#now() });
    return object;
  }
}
