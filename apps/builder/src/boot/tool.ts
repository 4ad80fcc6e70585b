import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { EXIT, Failure } from '../failure.ts';

/** Where a missing program comes from. */
export interface PackagedIn {
  readonly debian: string;
  readonly nix: string;
}

/** The Failure (exit code 2) for something that has to be installed first. */
export function missing(sentence: string, packagedIn: PackagedIn): Failure {
  return new Failure(sentence, {
    remedy: `Install it: apt-get install ${packagedIn.debian}, or nix shell nixpkgs#${packagedIn.nix}`,
    exitCode: EXIT.usage,
  });
}

/** The absolute path of a program on PATH. Throws Failure (exit code 2) that says which package brings it. */
export async function findTool(program: string, packagedIn: PackagedIn): Promise<string> {
  // mke2fs and its like are kept in sbin, which is not on every user's PATH.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    if (folder === '') continue;
    const path = join(folder, program);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  throw missing(`${program} is needed to boot images, and is not installed.`, packagedIn);
}
