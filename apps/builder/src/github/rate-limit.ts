/** The header fields of an answer, by lower-case name. */
export type AnswerHeaders = Readonly<Record<string, string | number | undefined>>;

/** GitHub's advice where a refusal for too many requests names no time. */
const UNNAMED_WAIT = 60;

/**
 * How long GitHub asks to wait before the same request may be sent again
 * (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit).
 * @param now seconds since the epoch.
 * @returns seconds, at least 1; undefined when the answer is no rate limit.
 */
export function rateLimitWait(
  status: number,
  headers: AnswerHeaders,
  message: string,
  now: number,
): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const seconds = (name: string): number | undefined => {
    const text = `${headers[name] ?? ''}`;
    return /^\d+$/.test(text) ? Number(text) : undefined;
  };
  const retryAfter = seconds('retry-after');
  if (retryAfter !== undefined) return Math.max(1, retryAfter);
  const reset = seconds('x-ratelimit-reset');
  if (seconds('x-ratelimit-remaining') === 0 && reset !== undefined) return Math.max(1, reset - now);
  if (status === 429 || /secondary rate limit|abuse/i.test(message)) return UNNAMED_WAIT;
  return undefined;
}
