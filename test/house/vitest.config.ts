import { defineConfig } from 'vitest/config';

/** How the house is built: the direction of imports. Part of `npm run check`. */
export default defineConfig({ test: { root: import.meta.dirname } });
