import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compatibilityDate } from './compatibility-date.ts';

/** Where `npm run build` puts the Worker: the same files that a deployment uploads. */
const FOLDER = fileURLToPath(new URL('../dist/upload/', import.meta.url));
const ENTRY = 'worker.js';

/** One JavaScript module of the built Worker. */
export interface WorkerModule {
  readonly type: 'ESModule';
  readonly path: string;
  readonly contents: string;
}

/** The Worker as a deployment uploads it. */
export interface BuiltWorker {
  /** Its entry first. */
  readonly modules: WorkerModule[];
  /** The date whose runtime behaviour it is written for. */
  readonly compatibilityDate: string;
}

/** The Worker has not been built yet. */
export class WorkerNotBuilt extends Error {
  override readonly name = 'WorkerNotBuilt';

  constructor() {
    super('The Worker is not built yet: run `npm run build` first.');
  }
}

/**
 * Reads the built Worker, for those who run it elsewhere than at Cloudflare; from another folder than that of the last build where one
 * is named.
 * @throws WorkerNotBuilt
 */
export async function readBuiltWorker(folder = FOLDER): Promise<BuiltWorker> {
  const names = await readdir(folder).catch((): string[] => []);
  if (!names.includes(ENTRY)) throw new WorkerNotBuilt();
  const paths = [ENTRY, ...names.filter((name) => name.endsWith('.js') && name !== ENTRY).toSorted()];
  const modules = paths.map(async (path) => ({
    type: 'ESModule' as const,
    path,
    contents: await readFile(join(folder, path), 'utf8'),
  }));
  return { modules: await Promise.all(modules), compatibilityDate: compatibilityDate() };
}
