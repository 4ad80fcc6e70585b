import { defineConfig } from 'vitest/config';

/** Patient, because a machine that is busy with other work starts a local edge slowly. */
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } });
