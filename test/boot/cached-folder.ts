import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../.state/boot/parts/', import.meta.url));

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
  await mkdir(CACHE, { recursive: true });
  // Tests run side by side, and in several processes: the first makes it, the others wait.
  await using _ = await lock(folder);
  if (await exists(folder)) return folder;
  process.stdout.write(`making ${name}; it is kept in .state/boot/parts\n`);
  for (const old of await readdir(CACHE)) {
    if (old.startsWith(`${name}-`)) await rm(join(CACHE, old), { recursive: true, force: true });
  }
  const unfinished = `${folder}.unfinished`;
  await mkdir(unfinished);
  await make(unfinished);
  await rename(unfinished, folder);
  return folder;
}

/**
 * Waits until nobody else in any process holds what `path` names. By a socket address without a file (unix(7), "abstract"):
 * one process can listen on it, and it is free again however that process ends.
 */
async function lock(path: string): Promise<AsyncDisposable> {
  const name = createHash('sha256').update(path).digest('hex');
  for (;;) {
    const server = createServer();
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    server.once('error', (error) => ('code' in error && error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(`\0nixos-images-${name}`, () => resolve(true));
    if (await promise) return server;
    await sleep(200);
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
