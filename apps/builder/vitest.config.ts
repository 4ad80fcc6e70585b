import { defineConfig } from 'vitest/config';

/** Patient, because a machine that is busy with other work runs the property tests slowly. */
export default defineConfig({ test: { testTimeout: 60_000 } });
