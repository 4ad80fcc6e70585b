import { defineConfig } from 'vitest/config';

export default defineConfig({
  // That package's source maps lead nowhere, which Vite would say of every file.
  logLevel: 'error',
  test: {
    root: import.meta.dirname,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // It imports JSON without saying so, which Node refuses and Vite does not.
    server: { deps: { inline: ['@actions/workflow-parser', '@actions/expressions'] } },
  },
});
