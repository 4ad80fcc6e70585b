import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A host that a test can start again and again: its disk is never written to. */
export interface HostImage {
  readonly kernel: string;
  readonly initrd: string;
  readonly disk: string;
}

const CACHE = fileURLToPath(new URL('../../../.state/boot/hosts/', import.meta.url));

/**
 * The image that `make` lays out in a folder, made once and kept under .state/boot/hosts until one of `recipe` (the
 * source files that decide what it holds) changes.
 */
export async function cachedHostImage(
  name: string,
  recipe: readonly URL[],
  make: (folder: string) => Promise<void>,
): Promise<HostImage> {
  const hash = createHash('sha256');
  for (const file of recipe) hash.update(await readFile(file));
  const folder = join(CACHE, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (!(await exists(folder))) {
    await mkdir(CACHE, { recursive: true });
    for (const old of await readdir(CACHE)) {
      if (old.startsWith(`${name}-`)) await rm(join(CACHE, old), { recursive: true, force: true });
    }
    const unfinished = `${folder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished);
    await make(unfinished);
    await rename(unfinished, folder);
  }
  return { kernel: join(folder, 'kernel'), initrd: join(folder, 'initrd'), disk: join(folder, 'disk') };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
