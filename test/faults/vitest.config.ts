import { defineConfig } from 'vitest/config';

// One local edge a file; the files one after the other, so that each has both cores.
export default defineConfig({
  test: { root: import.meta.dirname, testTimeout: 3_600_000, hookTimeout: 120_000, fileParallelism: false },
});
