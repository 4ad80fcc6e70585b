import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { inWorkerd } from '../../apps/edge/vitest.config.ts';

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
      inWorkerd('hostile', ['src/hostile.test.ts'], fileURLToPath(new URL('../../apps/edge', import.meta.url))),
    ],
  },
});
