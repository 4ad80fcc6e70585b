import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/smoke-images/**/*.test.ts'],
    // A cold build compiles kexec and ip first, and a busy machine takes its time for apt and Nix.
    testTimeout: 300_000,
    hookTimeout: 900_000,
  },
});
