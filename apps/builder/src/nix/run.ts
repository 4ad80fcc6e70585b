import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { diskFull, EXIT, Failure } from '../failure.ts';
import { type NixEvent, parseLogLine } from './log.ts';

export interface NixOptions {
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: NixEvent) => void) | undefined;
}

/** How Nix, its database and the programs that it runs say that a disk is full (strerror(3), SQLite's SQLITE_FULL). */
const FULL = /No space left on device|database or disk is full/;

/** How long a nix that was told to end may take to clean up, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Runs one of Nix's programs, hands its log on as events, and gives what it printed.
 * @throws Failure with Nix's own error when it fails; exit 2 when there is no Nix.
 */
export async function runNix(
  program: 'nix' | 'nix-store',
  args: readonly string[],
  { cwd, signal, onEvent }: NixOptions,
): Promise<string> {
  signal?.throwIfAborted();
  const features = program === 'nix' ? ['--extra-experimental-features', 'nix-command flakes'] : [];
  // Not execa: every publish comes through here, and execa's hundred modules would take 15 MB of memory.
  const child = spawn(program, [...args, ...features, '--log-format', 'internal-json', '-v'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<{ exitCode: number | null } | { error: NodeJS.ErrnoException }>((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('close', (exitCode) => resolve({ exitCode }));
  });
  const stop = () => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), PATIENCE).unref();
  };
  signal?.addEventListener('abort', stop);
  const errors: string[] = [];
  const lastLines: string[] = [];
  const readLog = async () => {
    for await (const line of createInterface({ input: child.stderr })) {
      const event = parseLogLine(line);
      if (event.type === 'message' && event.level === 0) errors.push(event.text);
      if (event.type === 'build-log') lastLines.push(event.text);
      if (lastLines.length > 10) lastLines.shift();
      onEvent?.(event);
    }
  };
  const [result, stdout] = await Promise.all([ended, text(child.stdout), readLog()]).finally(() => {
    signal?.removeEventListener('abort', stop);
  });
  signal?.throwIfAborted();
  if ('error' in result) throw result.error.code === 'ENOENT' ? missing(program) : result.error;
  if (result.exitCode !== 0) {
    const full = [...errors, ...lastLines].find((line) => FULL.test(line));
    if (full !== undefined) throw diskFull(`Nix says: ${sentenceOf(full)}`);
    const said =
      errors.length > 0
        ? errors.map(sentenceOf).join(' ')
        : `exit code ${result.exitCode ?? 'none: a signal ended it'}`;
    const shown =
      lastLines.length > 0 ? `\nThe last lines of the build:\n${lastLines.map((line) => `  ${line}`).join('\n')}` : '';
    throw new Failure(`Nix failed: ${said}${shown}`, { remedy: `See for yourself: ${program} ${quote(args)}` });
  }
  return stdout;
}

function missing(program: string): Failure {
  return new Failure(`${program} is missing.`, {
    remedy: 'Install Nix: https://nixos.org/download, or on Debian: apt install nix-bin.',
    exitCode: EXIT.usage,
  });
}

/** Nix's message without colours and traces: from `error:` on, on one line. */
function sentenceOf(message: string): string {
  const plain = message.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
  const lines = plain.slice(Math.max(0, plain.lastIndexOf('error:'))).replace(/^error:\s*/, '');
  return lines
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(0, 3)
    .join(' ');
}

function quote(args: readonly string[]): string {
  return args
    .map((arg) => (/^[\w@%+=:,./#-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`))
    .join(' ');
}
