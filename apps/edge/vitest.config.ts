import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { compatibilityDate } from './build/compatibility-date.ts';

/** What takes milliseconds may take seconds on a busy machine; what hangs fails in the end. */
const PATIENCE = { testTimeout: 60_000, hookTimeout: 60_000 };

/** Tests that run in workerd itself, with a bucket. */
function inWorkerd(name: string, include: string[]): TestProjectInlineConfiguration {
  return {
    plugins: [
      cloudflareTest({
        miniflare: {
          compatibilityDate: compatibilityDate(),
          r2Buckets: ['BUCKET'],
          analyticsEngineDatasets: { DOWNLOADS: { dataset: 'downloads' } },
        },
      }),
    ],
    define: { OPENAPI_DOCUMENT: '"{}"', PAGE_SCRIPT: '""' },
    test: { name, include, root: import.meta.dirname, ...PATIENCE },
  };
}

/** What no well-meaning client sends: longer than a unit test may take, so `npm run test:conformance` runs it. */
export const hostileTests = inWorkerd('hostile', ['src/hostile.test.ts']);

/**
 * Pure modules are tested in Node; what needs the Workers runtime, in `*.worker.test.ts`, in workerd.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          ...PATIENCE,
          include: ['{src,build}/**/*.test.ts'],
          exclude: ['**/*.worker.test.ts', 'src/hostile.test.ts'],
        },
      },
      inWorkerd('workerd', ['src/**/*.worker.test.ts']),
    ],
  },
});
