import { defineConfig } from 'vitest/config';

// The tests that boot machines; two at a time suit two cores.
export default defineConfig({
  test: {
    include: [
      'test/kexec/restore-with-*.test.ts',
      'test/kexec/secure-boot.test.ts',
      'test/kexec/network-parameters.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
