import type { Snapshot } from '../bucket/catalog-holder.ts';
import { type Answer, type Found, isFound } from './answer.ts';

/** Most answers held per catalog: there are a few dozen addresses, but any number of spellings. */
const MOST = 500;

const answers = new WeakMap<Snapshot, Map<string, Found>>();

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
  if (known !== undefined) return known;
  const answer = await find();
  if (isFound(answer) && answer.settled && held.size < MOST) held.set(path, answer);
  return answer;
}
