import { isDeepStrictEqual } from 'node:util';
import type { Unknown } from '@nixos-images/shared';
import { Failure } from '../failure.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Parts that a change replaces as a whole: what an older one said besides is said of that one. */
const WHOLES = new Set(['current', 'mirror']);

/**
 * Writes a change over what the bucket holds, so that everything in it that this builder does not know stays as it is.
 *
 * @param raw the object as it is stored
 * @param before what this builder understands of it
 * @param after what the change makes of that
 * @throws Failure when the change touches something that it does not understand.
 */
export function keepUnknown(raw: unknown, before: object, after: object): object {
  const merged = merge(raw, before, after, []);
  return isObject(merged) ? merged : after;
}

function merge(raw: unknown, before: unknown, after: unknown, path: readonly string[]): unknown {
  if (isDeepStrictEqual(before, after)) return raw;
  if (WHOLES.has(path.at(-1) ?? '')) return after;
  if (isObject(raw) && isObject(before) && isObject(after)) {
    const kept = Object.keys(raw).filter((key) => Object.hasOwn(after, key) || !Object.hasOwn(before, key));
    const added = Object.keys(after).filter((key) => !Object.hasOwn(raw, key));
    return Object.fromEntries(
      [...kept, ...added].map((key) => {
        if (!Object.hasOwn(after, key)) return [key, raw[key]];
        return [key, merge(raw[key], before[key], after[key], [...path, key])];
      }),
    );
  }
  // A list or a word takes the place of another: fine where that one was understood, else something would be lost.
  if (raw === undefined || isDeepStrictEqual(raw, before)) return after;
  throw notUnderstood('catalog.json', [
    { path: path.join('.'), why: 'this builder does not know all of it', leftOut: true },
  ]);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Something stored says more than this builder understands, and what was asked for could lose it. */
export function notUnderstood(key: string, unknown: readonly Unknown[]): Failure {
  const [first] = unknown;
  const more = unknown.length > 1 ? ` (and ${unknown.length - 1} more)` : '';
  return new Failure(`${key} says something at ${first?.path} that this builder does not know: ${first?.why}${more}.`, {
    remedy: 'A newer nixos-images wrote it. Update this one, then run the same command again; nothing was changed.',
  });
}
