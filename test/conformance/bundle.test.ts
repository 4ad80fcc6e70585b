import { gzipSync } from 'node:zlib';
import { readBuiltWorker, type WorkerModule } from '@nixos-images/edge/built-worker';
import { describe, expect, it } from 'vitest';

/** Bytes, gzipped module by module, that the part of the Worker may have which every request needs. */
const BUDGET = 24_000;

describe('the bundle', () => {
  it(`loads less than ${BUDGET} bytes for a download`, async () => {
    const modules = new Map((await readBuiltWorker()).modules.map((module) => [module.path, module]));
    const sizes = [...reachable('worker.js', modules)].map(({ contents }) => gzipSync(contents, { level: 9 }).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(BUDGET);
  });
});

/** A module and all that it imports before it runs; `import()` is not among that. */
function reachable(path: string, modules: ReadonlyMap<string, WorkerModule>, found = new Set<WorkerModule>()) {
  const module = modules.get(path);
  if (module === undefined) throw new Error(`${path} is imported and not in the bundle`);
  if (found.has(module)) return found;
  found.add(module);
  for (const [, imported = ''] of module.contents.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) {
    reachable(imported, modules, found);
  }
  return found;
}
