import { parseJson } from '@nixos-images/shared';
import * as v from 'valibot';

/** Text of an object with the time at which it was written, in milliseconds since 1970. */
export interface WrittenObject {
  readonly text: string;
  readonly uploaded: number;
  /** False if another may still take its place. */
  readonly final: boolean;
}

/** Objects held per isolate; each is some kilobytes. */
const MOST = 200;
/** What may be written yet, or anew, is looked for again after so many milliseconds. */
export const BRIEFLY = 15_000;

interface Held {
  readonly object: WrittenObject | undefined;
  readonly at: number;
}

/** Keeps small objects that are written once: manifests, sums, signatures, boot records. */
export class WrittenOnce {
  readonly #held = new Map<string, Held>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The object of a key; undefined if the bucket has none. Rejects if the bucket cannot be read. */
  async read(bucket: Pick<R2Bucket, 'get'>, key: string): Promise<WrittenObject | undefined> {
    const held = this.#held.get(key);
    if (held !== undefined && (held.object?.final || this.#now() - held.at < BRIEFLY)) return held.object;
    const found = await bucket.get(key);
    const object = found === null ? undefined : await writtenObject(key, found);
    // The first of a Map is the one put in longest ago.
    const [oldest] = this.#held.keys();
    if (this.#held.size >= MOST && oldest !== undefined) this.#held.delete(oldest);
    this.#held.set(key, { object, at: this.#now() });
    return object;
  }
}

async function writtenObject(key: string, found: R2ObjectBody): Promise<WrittenObject> {
  const text = await found.text();
  return { text, uploaded: found.uploaded.getTime(), final: isFinal(key, text) };
}

/** As much of a boot record as tells that tests ran; whoever shows the record reads it in full. */
const RecordOfTests = v.object({ gate: v.literal('run') });

/** A boot record that says why no test ran is written anew when the tests do run; nothing else ever is. */
function isFinal(key: string, text: string): boolean {
  if (!key.endsWith('/boot.json')) return true;
  try {
    return parseJson(RecordOfTests, text, key).gate === 'run';
  } catch {
    return false;
  }
}
