/** Something that a request gets instead of what it asked for. */
export interface Problem {
  readonly tag: 'problem';
  readonly status: 400 | 404 | 405 | 410 | 500 | 502 | 503;
  /** One plain sentence, ASCII, without anything that a terminal, HTML or iPXE could take for more than text. */
  readonly sentence: string;
  /** What would have been right, one a line: addresses or names. */
  readonly choices: readonly string[];
}

/** A problem out of its status, its sentence and what would have been right. */
export function problem(status: Problem['status'], sentence: string, choices: readonly string[] = []): Problem {
  return { tag: 'problem', status, sentence, choices };
}

/** Tells a problem from what was asked for. */
export function isProblem<Result extends object>(outcome: Result | Problem): outcome is Problem {
  return 'tag' in outcome && outcome.tag === 'problem';
}

/** Text of a request, fit for a sentence: nothing is repeated that is not a plain word. */
export function quote(given: string): string {
  return /^[\w@.+:-]{1,60}$/.test(given) ? ` "${given}"` : '';
}
