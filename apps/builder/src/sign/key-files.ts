import { writeFile } from 'node:fs/promises';
import { EXIT, Failure } from '../failure.ts';
import { generateKey } from './minisign.ts';

/** A new signing key, and where its halves are. */
export interface KeyFiles {
  readonly id: string;
  readonly secretKeyFile: string;
  readonly publicKeyFile: string;
  /** The one line that configs name it by. */
  readonly publicKey: string;
}

/** Makes a signing key: in `file`, for its owner's eyes only; its public half beside it. */
export async function makeKeyFiles(file: string): Promise<KeyFiles> {
  const key = generateKey();
  const publicKeyFile = `${file}.pub`;
  await writeNew(file, key.secret, 0o600);
  await writeNew(publicKeyFile, key.public, 0o644);
  return { id: key.id, secretKeyFile: file, publicKeyFile, publicKey: key.public.split('\n')[1] ?? '' };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await writeFile(path, text, { mode, flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EEXIST' ? 'exists already, and a key is never overwritten' : `cannot be written (${cause.code})`;
    throw new Failure(`${path} ${why}.`, { remedy: 'Name another file.', exitCode: EXIT.usage, cause });
  });
}
