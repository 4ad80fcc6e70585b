import { makeKeyFiles } from '../sign/key-files.ts';
import { KEY_FILE_VARIABLE } from '../sign/signing-key.ts';

/** `nixos-images keygen FILE`: a new signing key in FILE, its public half in FILE.pub. */
export async function keygenCommand(file: string) {
  const made = await makeKeyFiles(file);
  return {
    json: made,
    text: [
      `The secret key is in ${file}: keep it out of every repository, and keep a copy where you find it in a year.`,
      `Its public key, for signing.publicKeys in the config: ${made.publicKey}`,
      `Let the builder find it: ${KEY_FILE_VARIABLE}=${file}`,
    ].join('\n'),
  };
}
