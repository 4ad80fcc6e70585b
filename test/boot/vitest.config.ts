import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    globalSetup: ['./stack.setup.ts'],
    // An emulated machine keeps a core busy: two files at a time, and in each as many machines as there are cores for.
    maxWorkers: 2,
    sequence: { concurrent: true },
    maxConcurrency: Math.max(1, Math.floor(availableParallelism() / 2)),
    testTimeout: 900_000,
    hookTimeout: 900_000,
    reporters: ['verbose'],
    // Progress is for the person who waits: print it as it comes.
    disableConsoleIntercept: true,
  },
});
