import { readFile } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { Failure } from '../failure.ts';
import { type PublicKey, parsePublicKey, parseSigningKey, type SigningKey } from './minisign.ts';

/** The key itself, and the file it is in: the two places where a secret key may stand. */
export const KEY_VARIABLE = 'NIXOS_IMAGES_SIGNING_KEY';
export const KEY_FILE_VARIABLE = 'NIXOS_IMAGES_SIGNING_KEY_FILE';

/** The public keys that the config trusts. */
export function trustedKeys(config: Config): PublicKey[] {
  return (config.signing?.publicKeys ?? []).map(parsePublicKey);
}

/**
 * The key that releases are signed with; undefined when the config does not ask for signatures.
 * @throws Failure when it is missing, malformed, or not one that the config lists.
 */
export async function signingKeyFor(config: Config, environment: NodeJS.ProcessEnv): Promise<SigningKey | undefined> {
  if (config.signing === undefined) return undefined;
  const text = environment[KEY_VARIABLE] || (await keyFile(environment[KEY_FILE_VARIABLE]));
  if (text === undefined) {
    throw new Failure('The config asks for signatures, and there is no signing key.', {
      remedy: `Set ${KEY_FILE_VARIABLE} to the key's file (or ${KEY_VARIABLE} to its text); \`nixos-images keygen\` makes one.`,
    });
  }
  const key = parseSigningKey(text);
  const trusted = trustedKeys(config);
  if (trusted.some(({ id }) => id === key.id)) return key;
  throw new Failure(`The signing key is ${key.id}, and the config lists ${trusted.map(({ id }) => id).join(', ')}.`, {
    remedy: 'Add its public key to signing.publicKeys, or take the right key.',
  });
}

async function keyFile(path: string | undefined): Promise<string | undefined> {
  if (path === undefined || path === '') return undefined;
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Failure(`The signing key's file ${path} cannot be read.`, {
      remedy: `Correct ${KEY_FILE_VARIABLE}.`,
      cause,
    });
  });
}
