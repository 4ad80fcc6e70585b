import { readFile, rm, writeFile } from 'node:fs/promises';
import { EXIT, Failure } from '../failure.ts';

const FIRST_LINE =
  '# Made by `nixos-images setup cloudflare`: what the builder needs. Keep it out of every repository.';

/**
 * Makes sure that a file may be written: it is not there, or this wrote it before.
 * @throws Failure (exit 2) when it is somebody else's.
 */
export async function checkCredentialsFile(path: string): Promise<void> {
  const former = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw unwritable(path, `cannot be read (${cause.code})`);
  });
  if (former !== undefined && !former.startsWith(`${FIRST_LINE}\n`)) throw unwritable(path, 'holds something else');
}

/** Writes variables for a shell to read (`. FILE`), for their owner's eyes only. */
export async function writeCredentialsFile(path: string, variables: Readonly<Record<string, string>>): Promise<void> {
  await checkCredentialsFile(path);
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  try {
    // Anew, because a mode is for new files only.
    await rm(path, { force: true });
    await writeFile(path, `${[FIRST_LINE, ...lines].join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw unwritable(path, `cannot be written${why}`);
  }
}

function unwritable(path: string, why: string): Failure {
  return new Failure(`${path} ${why}.`, { remedy: 'Name another file with --credentials-file.', exitCode: EXIT.usage });
}
