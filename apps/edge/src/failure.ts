import type { Unreadable } from './bucket/catalog-holder.ts';
import { BlobUnavailable } from './http/blobs.ts';
import { type Problem, problem } from './problem.ts';

/** What an error looks like from outside: never its own words. */
export function problemOfError(error: Error): Problem {
  if (!(error instanceof BlobUnavailable))
    return problem(500, 'Something went wrong here; it has been noted. Please try again later.');
  return error.why === 'absent'
    ? problem(502, 'The bucket does not have this file as its release describes it; it has been noted.')
    : problem(503, 'The bucket cannot be read just now; please try again in a minute.');
}

/** What the lack of a catalog looks like from outside. */
export function problemOfReading({ state }: Unreadable): Problem {
  return state === 'empty'
    ? problem(503, 'Nothing is published here yet.')
    : problem(503, 'The bucket cannot be read just now; please try again in a minute.');
}

/** What a method gets that does nothing here. */
export function problemOfMethod(method: string): Problem {
  return problem(405, `${method.replace(/[^A-Z]/g, '')} does not work here; use GET or HEAD.`);
}
