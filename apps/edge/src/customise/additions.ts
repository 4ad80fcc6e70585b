import { type Customisation, newcArchive, type PublicKey } from '@nixos-images/shared';
import type { Problem } from '../problem.ts';
import { accountKeys } from './account-keys.ts';
import { gzipMember } from './gzip-member.ts';
import { tarEntries } from './tar-entries.ts';

/** What a customisation comes to: the files that the booted system finds. */
export interface Additions {
  readonly keys: readonly PublicKey[];
  readonly cmdline: string | undefined;
}

/** Looks up the keys of accounts; a problem if that fails. */
export async function additionsOf(
  { github, keys, cmdline }: Customisation,
  githubOrigin: string,
): Promise<Additions | Problem> {
  const all = [...keys];
  for (const user of github) {
    const found = await accountKeys(user, githubOrigin);
    if ('sentence' in found) return found;
    all.push(...found);
  }
  return { keys: all, cmdline };
}

interface AddedFile {
  readonly name: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** The same two files for every kind; what reads them is in nix/. */
function filesOf({ keys, cmdline }: Additions): AddedFile[] {
  const text = (lines: readonly string[]) => Uint8Array.from(new TextEncoder().encode(`${lines.join('\n')}\n`));
  return [
    ...(keys.length === 0 ? [] : [{ name: 'authorized_keys', content: text(keys) }]),
    ...(cmdline === undefined ? [] : [{ name: 'cmdline', content: text([cmdline]) }]),
  ];
}

/**
 * A gzip member to stand in front of a tarball, whose folder `kexec/` it adds to. Always both files, empty where there is nothing to say:
 * unpacked over an older customisation, it must leave none of that one's keys.
 */
export function tarballPrefix(additions: Additions): Uint8Array<ArrayBuffer> {
  const folder = 'kexec/customisation/';
  const contents = new Map(filesOf(additions).map(({ name, content }) => [name, content]));
  const files = ['authorized_keys', 'cmdline'].map((name) => ({
    path: `${folder}${name}`,
    content: contents.get(name) ?? new Uint8Array(),
  }));
  return gzipMember(tarEntries([{ path: folder, content: undefined }, ...files]));
}

/** An initrd that adds to another one: a cpio archive with entries for its folders. */
export function extraInitrd(additions: Additions): Uint8Array<ArrayBuffer> {
  return newcArchive([
    { path: 'customisation', folder: true, mode: 0o755 },
    ...filesOf(additions).map(({ name, content }) => ({ path: `customisation/${name}`, content, mode: 0o644 })),
  ]);
}
