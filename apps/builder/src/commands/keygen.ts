import { writeFile } from 'node:fs/promises';
import { EXIT, Failure } from '../failure.ts';
import { generateKey } from '../sign/minisign.ts';
import { KEY_FILE_VARIABLE } from '../sign/signing-key.ts';

/** `nixos-images keygen FILE`: a new signing key in FILE, for its owner's eyes only; its public half in FILE.pub. */
export async function keygenCommand(file: string) {
  const key = generateKey();
  await writeNew(file, key.secret, 0o600);
  await writeNew(`${file}.pub`, key.public, 0o644);
  const line = key.public.split('\n')[1] ?? '';
  return {
    json: { id: key.id, secretKeyFile: file, publicKeyFile: `${file}.pub`, publicKey: line },
    text: [
      `The secret key is in ${file}: keep it out of every repository, and keep a copy where you find it in a year.`,
      `Its public key, for signing.publicKeys in the config: ${line}`,
      `Let the builder find it: ${KEY_FILE_VARIABLE}=${file}`,
    ].join('\n'),
  };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await writeFile(path, text, { mode, flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EEXIST' ? 'exists already, and a key is never overwritten' : `cannot be written (${cause.code})`;
    throw new Failure(`${path} ${why}.`, { remedy: 'Name another file.', exitCode: EXIT.usage, cause });
  });
}
