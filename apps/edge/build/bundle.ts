/** Bundles the Worker; wrangler runs this before it deploys (`build` in wrangler.jsonc). */
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { openApiDocument } from './openapi.ts';
import { pageScript } from './page-script.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

await build({
  input: { worker: path('../src/worker.ts') },
  platform: 'neutral',
  resolve: { mainFields: ['module', 'main'] },
  transform: {
    target: 'es2024',
    define: {
      OPENAPI_DOCUMENT: JSON.stringify(JSON.stringify(openApiDocument())),
      PAGE_SCRIPT: JSON.stringify(await pageScript()),
    },
  },
  output: {
    dir: path('../dist/bundle'),
    cleanDir: true,
    format: 'esm',
    minify: true,
    comments: false,
    entryFileNames: '[name].js',
    // Without a hash, so that a build replaces what the one before left where the modules are copied to.
    chunkFileNames: '[name].js',
    // All that a download needs is one module; what is imported dynamically (pages, problems, customisation) are others, loaded on demand.
    codeSplitting: { groups: [{ name: 'download', tags: ['$initial'] }] },
  },
});
