/** Exit codes of the command line, as `--help` lists them. */
export const EXIT = {
  /** The work failed; nothing was left half done. */
  failed: 1,
  /** The command cannot be carried out as it was given: wrong usage, wrong config, a missing tool. */
  usage: 2,
} as const;

interface FailureOptions {
  /** What the user can do about it: a command to run, a setting to change. */
  readonly remedy?: string;
  readonly exitCode?: (typeof EXIT)[keyof typeof EXIT];
  readonly cause?: unknown;
}

/** Something that went wrong and that the user should read: one sentence, and what to do about it. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly remedy: string | undefined;
  readonly exitCode: number;

  constructor(sentence: string, { remedy, exitCode = EXIT.failed, cause }: FailureOptions = {}) {
    super(sentence, { cause });
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}
