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

  /** All that the user should read, on one line. */
  get sentence(): string {
    return this.remedy === undefined ? this.message : `${this.message} ${this.remedy}`;
  }
}

/** A disk that has no room left. */
export function diskFull(what: string, cause?: unknown): Failure {
  return new Failure(`The disk is full (${what}).`, {
    remedy: 'Make room (`nix-collect-garbage` helps), then run the same command again: it goes on.',
    cause,
  });
}

/**
 * The failure that a system error means to the user; undefined for an error that is none of these.
 * @param file what was worked on; the system says it of some errors only.
 */
export function systemFailure(error: unknown, file?: string): Failure | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : file;
  const where = path === undefined ? '' : ` (${path})`;
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(path ?? error.message, error);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Failure(`A file may not be written or read${where}.`, {
        remedy: 'Check its owner, or choose another folder for `state` in the config.',
        exitCode: EXIT.usage,
        cause: error,
      });
    default:
      return undefined;
  }
}

/**
 * The failure that an error is, or means, to the user.
 * @throws the error when it is neither: a mistake in this program.
 */
export function failureIn(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const failure = systemFailure(error);
  if (failure === undefined) throw error;
  return failure;
}
