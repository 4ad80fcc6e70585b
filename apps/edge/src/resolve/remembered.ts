import type { Snapshot } from '../bucket/catalog-holder.ts';
import { BRIEFLY } from '../bucket/written-once.ts';
import { type Answer, type Found, isFound } from './answer.ts';

/** Most answers held per catalog: there are a few dozen addresses, but any number of spellings. */
const MOST = 500;

interface Held {
  readonly found: Found;
  /** Milliseconds since 1970 from which on it is worked out anew. */
  readonly until: number;
}

const answers = new WeakMap<Snapshot, Map<string, Held>>();

/**
 * The answer of a path that was worked out before from the same catalog, else what `find` gives. Problems are not kept: they cost
 * little, and there is no end of them.
 */
export async function remembered(snapshot: Snapshot, path: string, find: () => Promise<Answer>): Promise<Answer> {
  let held = answers.get(snapshot);
  if (held === undefined) {
    held = new Map();
    answers.set(snapshot, held);
  }
  const known = held.get(path);
  if (known !== undefined && Date.now() < known.until) return known.found;
  const answer = await find();
  if (!isFound(answer) || answer.keep === 'never') return answer;
  // The first of a Map is the one put in longest ago: spellings that nobody repeats make room.
  const [oldest] = held.keys();
  if (held.size >= MOST && oldest !== undefined) held.delete(oldest);
  held.set(path, {
    found: answer,
    until: answer.keep === 'always' ? Number.POSITIVE_INFINITY : Date.now() + BRIEFLY,
  });
  return answer;
}
