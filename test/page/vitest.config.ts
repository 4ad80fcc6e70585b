import { defineConfig } from 'vitest/config';

/** The pages, as people with a browser use them. */
export default defineConfig({
  test: { root: import.meta.dirname, testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false },
});
