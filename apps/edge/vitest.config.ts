import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** Pure modules and the local stack are tested in Node; what needs the Workers runtime, in `*.worker.test.ts`, in workerd itself. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'node', include: ['{src,local,build}/**/*.test.ts'], exclude: ['**/*.worker.test.ts'] } },
      {
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: '2026-10-01', r2Buckets: ['BUCKET'] } })],
        define: { OPENAPI_DOCUMENT: '"{}"' },
        test: { name: 'workerd', include: ['src/**/*.worker.test.ts'] },
      },
    ],
  },
});
