import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/kexec/**/*.test.ts'],
    exclude: [
      'test/kexec/restore-with-*.test.ts',
      'test/kexec/secure-boot.test.ts',
      'test/kexec/network-parameters.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
