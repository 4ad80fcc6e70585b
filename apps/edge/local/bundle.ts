import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackFailure } from './stack-failure.ts';

/** Where `npm run build` puts the Worker: the same files that a deployment uploads. */
const BUNDLE_FOLDER = fileURLToPath(new URL('../dist/upload/', import.meta.url));
const ENTRY = 'worker.js';

/** One JavaScript module of the built Worker. */
export interface BundleModule {
  readonly type: 'ESModule';
  readonly path: string;
  readonly contents: string;
}

/** The Worker has not been built yet. */
export class BundleMissing extends StackFailure {
  override readonly name = 'BundleMissing';

  constructor() {
    super('The Worker is not built yet: run `npm run build --workspace @nixos-images/edge` first.');
  }
}

/**
 * The modules of the built Worker, its entry first.
 * @throws BundleMissing if it has not been built.
 */
export async function readBundle(): Promise<BundleModule[]> {
  const names = await readdir(BUNDLE_FOLDER).catch((): string[] => []);
  if (!names.includes(ENTRY)) throw new BundleMissing();
  const modules = names.filter((name) => name.endsWith('.js')).toSorted((a, b) => rank(a) - rank(b));
  return Promise.all(
    modules.map(async (path) => ({
      type: 'ESModule' as const,
      path,
      contents: await readFile(join(BUNDLE_FOLDER, path), 'utf8'),
    })),
  );
}

function rank(name: string): number {
  return name === ENTRY ? 0 : 1;
}
