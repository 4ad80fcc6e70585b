import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';

const RESULTS = fileURLToPath(new URL('../../.state/boot/results.jsonl', import.meta.url));

const Result = v.object({ name: v.string(), promise: v.string(), outcome: v.string(), seconds: v.number() });
/** How one machine's boot went: a row of the table at the end. */
export type Result = v.InferOutput<typeof Result>;

/** Forgets the results of the last run. */
export async function forgetResults(): Promise<void> {
  await mkdir(dirname(RESULTS), { recursive: true });
  await writeFile(RESULTS, '');
}

/** Notes a result for the table; in a file, because tests run in several processes. */
export async function noteResult(result: Result): Promise<void> {
  await appendFile(RESULTS, `${JSON.stringify(result)}\n`);
}

/** All results as a table, one line each, by name. */
export async function resultsTable(): Promise<string> {
  const lines = (await readFile(RESULTS, 'utf8')).split('\n').filter((line) => line !== '');
  const results = lines.map((line) => v.parse(Result, JSON.parse(line)));
  const width = (cells: readonly string[]): number => Math.max(0, ...cells.map((cell) => cell.length));
  const names = width(results.map(({ name }) => name));
  const promises = width(results.map(({ promise }) => promise));
  const outcomes = width(results.map(({ outcome }) => outcome));
  return results
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      ({ name, promise, outcome, seconds }) =>
        `${name.padEnd(names)}  ${promise.padEnd(promises)}  ${outcome.padEnd(outcomes)}  ${seconds.toFixed(1).padStart(6)} s\n`,
    )
    .join('');
}
