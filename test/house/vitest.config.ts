import { defineConfig } from 'vitest/config';

/** How the house is built: the direction of imports, and the one grammar. Part of `npm run check`; a busy machine reads slowly. */
export default defineConfig({ test: { root: import.meta.dirname, testTimeout: 60_000 } });
