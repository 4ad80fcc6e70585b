import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../.state/boot/parts/', import.meta.url));

const being = new Map<string, Promise<void>>();

/**
 * The folder that `make` fills, made once and kept under .state/boot/parts until one of `recipe` (the source files that
 * decide what it holds) changes. `name` tells it from others and names it in progress.
 */
export async function cachedFolder(
  name: string,
  recipe: readonly URL[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of recipe) hash.update(await readFile(file));
  const folder = join(CACHE, `${name}-${hash.digest('hex').slice(0, 16)}`);
  // Tests run side by side: the first makes it, the others wait.
  let made = being.get(folder);
  if (made === undefined) {
    made = fill(name, folder, make);
    being.set(folder, made);
  }
  await made;
  return folder;
}

async function fill(name: string, folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  if (await exists(folder)) return;
  process.stdout.write(`making ${name}; it is kept in .state/boot/parts\n`);
  await mkdir(CACHE, { recursive: true });
  for (const old of await readdir(CACHE)) {
    if (old.startsWith(`${name}-`)) await rm(join(CACHE, old), { recursive: true, force: true });
  }
  const unfinished = `${folder}.unfinished`;
  await mkdir(unfinished);
  await make(unfinished);
  await rename(unfinished, folder);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
