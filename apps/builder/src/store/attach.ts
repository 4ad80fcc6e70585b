import { listedFilesOf, PUBLIC_KEY_KEY, releaseKey, type Sha256, sha256Sums, signatureKey } from '@nixos-images/shared';
import { sha256Hex } from '../digest.ts';
import { blake2bHex, commentOf, formatPublicKey, type SigningKey, signatureOf } from '../sign/minisign.ts';
import type { Bucket } from './bucket.ts';
import type { Attach } from './publish.ts';
import { readFile } from './read-blob.ts';
import { IMMUTABLE, REVALIDATE, type StoredManifest } from './stored.ts';

/**
 * Signs manifest, sums and every file.
 * @param known BLAKE2b-512 of files that were hashed here; others are read from the bucket.
 */
export function attachSignatures(key: SigningKey, known: ReadonlyMap<Sha256, string>): Attach {
  return async (bucket, stored) => {
    const { manifest } = stored;
    const { version } = manifest;
    const write = async (object: string, blake2b: string, file: { readonly name: string; readonly sha256: Sha256 }) => {
      const signature = signatureOf(key, blake2b, commentOf(file, version));
      await writeFirst(bucket, object, signature, 'text/plain; charset=utf-8');
    };
    for (const { name, text } of signedTexts(stored)) {
      await write(releaseKey(version, `${name}.minisig`), blake2bHex(text), { name, sha256: sha256Hex(text) });
    }
    for (const image of manifest.images) {
      for (const { file } of listedFilesOf(image)) {
        const object = signatureKey(version, file.name);
        if ((await bucket.stat(object)) !== undefined) continue;
        await write(object, known.get(file.sha256) ?? (await readFile(bucket, image, file)).blake2b, file);
      }
    }
    await announce(bucket, key);
  };
}

/** The texts of a release that are signed, as readers find them. */
export function signedTexts({ manifest, text }: StoredManifest) {
  return [
    { name: 'manifest.json', text },
    { name: 'SHA256SUMS', text: sha256Sums(manifest) },
  ] as const;
}

/** Writes an object that only has to be there: when a former run, or another key, wrote one, that one stays. */
export async function writeFirst(bucket: Bucket, key: string, text: string, contentType: string): Promise<void> {
  await bucket.write(key, text, { contentType, cacheControl: IMMUTABLE, condition: { ifAbsent: true } });
}

/** Lets readers find the public key of what is signed from now on. */
async function announce(bucket: Bucket, key: SigningKey): Promise<void> {
  const text = formatPublicKey(key);
  if ((await bucket.read(PUBLIC_KEY_KEY))?.text === text) return;
  await bucket.write(PUBLIC_KEY_KEY, text, { contentType: 'text/plain; charset=utf-8', cacheControl: REVALIDATE });
}

/** One attachment after the other. */
export function inOrder(...attachments: readonly Attach[]): Attach {
  return async (bucket, stored) => {
    for (const attach of attachments) await attach(bucket, stored);
  };
}
