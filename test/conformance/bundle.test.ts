import { gzipSync } from 'node:zlib';
import { readBuiltWorker, type WorkerModule } from '@nixos-images/edge/built-worker';
import { describe, expect, it } from 'vitest';

/** Bytes, gzipped module by module, that the part of the Worker may have which every request needs. */
const BUDGET = 24_000;

describe('the bundle', () => {
  it(`loads less than ${BUDGET} bytes for a download, and no page, problem or customisation`, async () => {
    const modules = new Map((await readBuiltWorker()).modules.map((module) => [module.path, module]));
    const needed = [...reachable('worker.js', modules)];
    const sizes = needed.map(({ contents }) => gzipSync(contents, { level: 9 }).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(BUDGET);
    const text = needed.map(({ contents }) => contents).join('\n');
    // One sentence of each part that is loaded on demand.
    for (const elsewhere of ['<!doctype html>', 'Something went wrong here', 'kexec/customisation/', 'operationId']) {
      const somewhere = [...modules.values()].some(({ contents }) => contents.includes(elsewhere));
      expect([elsewhere, text.includes(elsewhere), somewhere]).toEqual([elsewhere, false, true]);
    }
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
