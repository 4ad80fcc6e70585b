import * as v from 'valibot';

/** A problem for programs (RFC 9457). */
export const ProblemDetails = v.object({
  type: v.literal('about:blank'),
  title: v.string(),
  status: v.number(),
  /** One sentence for a person. */
  detail: v.string(),
  /** What would have been right. */
  choices: v.pipe(v.array(v.string()), v.readonly()),
});
export type ProblemDetails = v.InferOutput<typeof ProblemDetails>;
