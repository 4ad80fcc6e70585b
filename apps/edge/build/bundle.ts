/** Bundles the Worker; wrangler runs this before it deploys (`build` in wrangler.jsonc). */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { openApiDocument } from './openapi.ts';

const outdir = fileURLToPath(new URL('../dist/bundle', import.meta.url));

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: [fileURLToPath(new URL('../src/worker.ts', import.meta.url))],
  outdir,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2024',
  // What is imported dynamically (pages, the OpenAPI document) becomes a module of its own, which plain downloads never load.
  splitting: true,
  define: { OPENAPI_DOCUMENT: JSON.stringify(JSON.stringify(openApiDocument())) },
  logLevel: 'warning',
});
