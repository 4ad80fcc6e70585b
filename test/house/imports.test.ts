import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultsIn, readSourceFiles, sourceFile } from './imports.ts';
import { ROOMS } from './rooms.ts';

const root = join(import.meta.dirname, '..', '..');

const faults = (path: string, text: string) => faultsIn(sourceFile(path, text));

describe('the imports of the house', () => {
  it('run downwards, within a package and between packages', async () => {
    const files = await readSourceFiles(root);
    expect(files.length).toBeGreaterThan(100);
    const checked = files.filter(({ path }) => !path.startsWith('test/house/'));
    expect(checked.flatMap(faultsIn)).toEqual([]);
  });

  it('find every file of a package in one of its rooms', async () => {
    const files = (await readSourceFiles(root)).map(({ path }) => path).filter((path) => !path.endsWith('.test.ts'));
    for (const [folder, rooms] of Object.entries(ROOMS)) {
      const inPackage = files.filter((path) => path.startsWith(`${folder}/`) && !path.endsWith('vitest.config.ts'));
      const homeless = inPackage.filter((path) => {
        const inside = path.slice(folder.length + 1);
        return !rooms.some((room) => inside === room || inside.startsWith(`${room}/`));
      });
      expect(homeless, 'give each a room in test/house/rooms.ts').toEqual([]);
      const empty = rooms.filter((room) => !inPackage.some((path) => path.startsWith(`${folder}/${room}`)));
      expect(empty, 'take these out of test/house/rooms.ts').toEqual([]);
    }
  });
});

describe('the check of imports', () => {
  it.each([
    ['a room above', 'apps/builder/src/store/upload.ts', `import { x } from '../commands/publish.ts';`],
    ['a room above, in several lines', 'apps/builder/src/nix/run.ts', `import {\n  x,\n} from '../steps/plan.ts';`],
    ['a room above, for its type', 'apps/builder/src/s3/xml.ts', `import type { X } from '../boot/gate.ts';`],
    ['a room above, when it is needed', 'apps/builder/src/digest.ts', `await import('./nix/run.ts');`],
    ['a room above, for its effects', 'apps/builder/src/failure.ts', `import './cli.ts';`],
    ['what is for tests', 'apps/builder/src/store/check.ts', `export * from '../testing/model-bucket.ts';`],
    ['what is for tests, of another package', 'apps/edge/src/worker.ts', `import '@nixos-images/shared/testing';`],
    ['a package above', 'packages/shared/src/words.ts', `import { x } from '@nixos-images/edge';`],
    [
      'a package that it meets in the bucket only',
      'apps/edge/src/worker.ts',
      `import { x } from 'nixos-images/store';`,
    ],
    ['another package by its path', 'test/boot/a.test.ts', `import { x } from '../../apps/builder/src/cli.ts';`],
    [
      'another package by its path, to run it',
      'test/boot/a.test.ts',
      `const cli = join(root, 'apps/builder/bin/x.js');`,
    ],
    ['another package by its path, as an address', 'test/a.ts', 'new URL(`../apps/edge/x.js`, import.meta.url);'],
  ])('finds %s', (_, path, text) => {
    expect(faults(path, text)).toHaveLength(1);
  });

  it.each([
    ['its own room', 'apps/builder/src/store/upload.ts', `import { x } from './bucket.ts';`],
    ['a room below', 'apps/builder/src/commands/plan.ts', `import { x } from '../store/stored.ts';`],
    ['a file above the rest of its room', 'apps/builder/src/store/index.ts', `import { x } from '../s3/client.ts';`],
    [
      'an export of a package below',
      'apps/builder/src/boot/a.ts',
      `import { x } from '@nixos-images/local-edge/ready';`,
    ],
    ['a library', 'packages/shared/src/words.ts', `import * as v from 'valibot';`],
    ['from a test, what is for tests', 'apps/builder/src/store/a.test.ts', `import '../testing/model-bucket.ts';`],
    ['from test/, any export', 'test/boot/a.test.ts', `import { x } from 'nixos-images/boot';`],
  ])('allows %s', (_, path, text) => {
    expect(faults(path, text)).toEqual([]);
  });
});
