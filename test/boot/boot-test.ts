import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine, MachineDescription } from 'nixos-images/boot';
import { startMachine } from 'nixos-images/boot';
import { test } from 'vitest';
import { noteResult } from './results.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
/** Where console logs go. */
export const LOGS = fileURLToPath(new URL('../../.state/logs/boot/', import.meta.url));

/** Longest wait for a step, in seconds: what is slow on a busy machine passes, what hangs fails in the end. */
export const PATIENCE = 300;

/** What a boot test starts machines with and tells of its progress. */
export interface BootTest {
  /** Prints what the machine has come to, with the seconds since the test began. */
  step(text: string): void;
  /** Switches a machine on; it is stopped at the end of the test. The description goes without a name: the test has one. */
  start(description: Omit<MachineDescription, 'name'>): Promise<Machine>;
}

/**
 * A test that boots one machine. Its console is written to `.state/logs/boot/<name>.log`, and a failure says so.
 * `name` is a file name; `promise` is what the test shows to be true.
 */
export function bootTest(name: string, promise: string, body: (boot: BootTest) => Promise<void>): void {
  test(`${name}: ${promise}`, async ({ signal }) => {
    const began = performance.now();
    const logFile = `${LOGS}${name}.log`;
    const seconds = (): number => (performance.now() - began) / 1000;
    const step = (text: string): void => {
      process.stdout.write(`${seconds().toFixed(1).padStart(5)} s  ${name}: ${text}\n`);
    };
    await using machines = new AsyncDisposableStack();
    let machine: Machine | undefined;
    const start = async (description: Omit<MachineDescription, 'name'>): Promise<Machine> => {
      step(`power on (${description.firmware}, from ${description.boot.from})`);
      machine = machines.use(await startMachine({ ...description, name }, { logFile, signal }));
      return machine;
    };
    try {
      await body({ step, start });
      step('passed');
      await noteResult({ name, promise, outcome: 'passed', seconds: seconds() });
    } catch (error) {
      const log = relative(REPOSITORY, logFile);
      const reason = error instanceof Error ? error.message : String(error);
      step(
        `failed: ${reason}\nthe end of its console (all of it is in ${log}):\n${machine?.console.tail(40) ?? 'nothing'}`,
      );
      await noteResult({ name, promise, outcome: 'failed', seconds: seconds() });
      throw new Error(`${reason} (console: ${log})`, { cause: error });
    }
  });
}
