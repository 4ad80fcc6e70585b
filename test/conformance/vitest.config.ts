import { hostileTests } from '@nixos-images/edge/vitest';
import { defineConfig } from 'vitest/config';

/** The edge as its clients see it: against nginx, with real download programs, and under hostile input. */
export default defineConfig({
  test: {
    fileParallelism: false,
    projects: [
      {
        test: {
          name: 'clients',
          root: import.meta.dirname,
          testTimeout: 240_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      hostileTests,
    ],
  },
});
