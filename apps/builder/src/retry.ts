import { setTimeout as sleep } from 'node:timers/promises';

/** How often and how patiently something is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** Upper bound of the first pause, in milliseconds; doubles with every try. */
  readonly firstPause: number;
  /** Upper bound of any pause, in milliseconds. */
  readonly longestPause: number;
}

/** Rides out a server that restarts or throttles (about half a minute), and gives up before an operator would. */
export const PATIENT: RetryPolicy = { attempts: 7, firstPause: 250, longestPause: 15_000 };

/** Answers that say "not now": RFC 9110 15.5.9 and 15.6, RFC 6585 4. Everything else would be answered the same again. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Whether the same request may succeed later. */
export function isTransient(status: number): boolean {
  return TRANSIENT_STATUS.has(status);
}

/** What one try came to. */
export type Try<Value> =
  | { readonly done: Value }
  /** It may work later. The failure is thrown when there is no other try. */
  | { readonly failure: unknown; readonly retryAfter?: string | undefined };

/**
 * Tries until something is done, with a pause after each try that was not.
 * @param attempt gets the number of the try, from 1. What it throws ends everything: another try would not help.
 * @throws the failure of the last try; the signal's reason when it is aborted.
 */
export async function persist<Value>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: (number: number) => Promise<Try<Value>>,
): Promise<Value> {
  for (let number = 1; ; number += 1) {
    signal?.throwIfAborted();
    const outcome = await attempt(number);
    if ('done' in outcome) return outcome.done;
    if (number >= policy.attempts) throw outcome.failure;
    await sleep(pauseBefore(number, policy, outcome.retryAfter), undefined, { ...(signal && { signal }) });
  }
}

/**
 * The pause before the next try, in milliseconds: full jitter, so that publishers which failed together do not come
 * back together; never shorter than the server asked for.
 * @param attempt how many tries were made, from 1.
 * @param retryAfter value of a Retry-After header in seconds, if there was one.
 */
export function pauseBefore(
  attempt: number,
  { firstPause, longestPause }: RetryPolicy,
  retryAfter: string | undefined,
  random: () => number = Math.random,
): number {
  const jittered = random() * Math.min(longestPause, firstPause * 2 ** (attempt - 1));
  const asked = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0;
  return Math.max(jittered, Math.min(asked, longestPause));
}
