import { defineConfig } from 'vitest/config';

// One file at a time: each evaluation takes a core.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    maxConcurrency: 2,
    // What the builder's config asks for.
    env: { BUCKET_ENDPOINT: 'https://bucket.example.org', BUCKET_NAME: 'nixos-images' },
  },
});
