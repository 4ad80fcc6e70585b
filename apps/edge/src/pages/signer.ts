import { PUBLIC_KEY_KEY } from '@nixos-images/shared';
import type { ReadObject } from '../objects.ts';

/** The minisign public key that the newest releases are signed with, as `minisign -P` takes it; undefined where nothing is signed. */
export async function publicKeyOf(read: ReadObject): Promise<string | undefined> {
  // The first line is a comment.
  return (await read(PUBLIC_KEY_KEY))?.text.split('\n')[1]?.trim();
}
