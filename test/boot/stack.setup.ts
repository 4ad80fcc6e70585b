import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLocalStack } from '@nixos-images/local-edge/stack';
import { HOST_SEEN_FROM_GUEST } from 'nixos-images/boot';
import type { TestProject } from 'vitest/node';
import { forgetResults, resultsTable } from './results.ts';

const STATE = fileURLToPath(new URL('../../.state', import.meta.url));

declare module 'vitest' {
  export interface ProvidedContext {
    /** Host and port of the local stack as a guest sees it, such as `10.0.2.2:8787`. */
    readonly stackHost: string;
    /** Address of the local stack on this machine. */
    readonly stackUrl: string;
  }
}

/**
 * Starts the local stack as script/server does: builds and publishes the smoke images, serves them. With NIXOS_IMAGES_STACK
 * set to the address of one that runs already, that one is tested. At the end it prints how each machine did.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = process.env['NIXOS_IMAGES_STACK'];
  const stack =
    running === undefined
      ? await startLocalStack({
          port: 0,
          host: '127.0.0.1',
          arches: ['x86_64', 'aarch64'],
          // What was built for script/server serves here, too; a bucket of its own, because both may run at once.
          state: STATE,
          bucket: join(STATE, 'boot', 'bucket'),
        })
      : { url: running, stop: async () => undefined };
  project.provide('stackUrl', stack.url);
  project.provide('stackHost', `${HOST_SEEN_FROM_GUEST}:${new URL(stack.url).port}`);
  await forgetResults();
  return async () => {
    await stack.stop();
    process.stdout.write(`\n${await resultsTable()}\n`);
  };
}
