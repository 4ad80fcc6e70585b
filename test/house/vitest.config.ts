import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** How the house is built: the direction of imports, and the one grammar. Part of `npm run check`; a busy machine reads slowly. */
export default defineConfig({
  test: {
    // The folder of the workspace, where test/parts.ts looks for its report.
    root: join(import.meta.dirname, '..'),
    include: ['house/**/*.test.ts'],
    testTimeout: 60_000,
  },
});
