import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    globalSetup: ['./stack.setup.ts'],
    // An emulated machine keeps a core busy: two at a time, whichever file they are described in.
    maxWorkers: 1,
    sequence: { concurrent: true },
    maxConcurrency: 2,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    reporters: ['verbose'],
    // Progress is for the person who waits: print it as it comes.
    disableConsoleIntercept: true,
  },
});
