import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/smoke-images/**/*.test.ts'],
    // A cold build compiles kexec and ip first.
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
