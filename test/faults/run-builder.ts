import { runCli } from 'nixos-images/cli';

/**
 * Runs `nixos-images` in this process and gives what it printed.
 * @throws an error with what it said, when it failed.
 */
export async function runBuilder(...args: readonly string[]): Promise<string> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(['node', 'nixos-images', ...args], {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    signal: new AbortController().signal,
  });
  if (code !== 0) throw new Error(`nixos-images ${args.join(' ')} ended with ${code}: ${err.join('')}`);
  return out.join('');
}
