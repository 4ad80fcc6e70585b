/**
 * Holds the edge against the smallest Worker that could do its work (the floor) and one that does nothing (the limit): same runtime, same
 * bucket, rounds taken in turns. Prints a table of ratios and writes test/bench/results/edge.json.
 *
 *     npm run bench:edge                          everything
 *     npm run bench:edge -- range body            only the lines whose names have these words; writes no file
 *     npm run bench:edge -- --before FOLDER       this build against an earlier one, whose apps/edge/dist/upload is in FOLDER
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Comparison, comparisons, comparisonsWithBefore, SMALL } from './comparisons.ts';
import { type Load, type Measured, measure } from './load.ts';
import { record } from './record.ts';
import { prepareBucket, startWorkers, type WorkerName } from './workers.ts';

const ROUNDS = 5;
const MILLISECONDS = 1_000;
const COLD_ROUNDS = 9;

const { values, positionals: words } = parseArgs({ options: { before: { type: 'string' } }, allowPositionals: true });
const { before } = values;
const { state, tarballKey, remove } = await prepareBucket();

/** One comparison's rounds: edge and other in turns, so that both meet the same weather. */
async function compare({ edge, against, figure, connections }: Comparison) {
  const like = against.worker.endsWith('-with-headers') ? await record(state, edge) : undefined;
  const workers = await startWorkers({ state, before, like });
  const run = (worker: WorkerName, load: Load) =>
    measure(workers.ports[worker], workers.pid, load, MILLISECONDS, connections);
  try {
    await run('edge', edge);
    await run(against.worker, against.load);
    const pairs: { edge: Measured; other: Measured }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      pairs.push({ edge: await run('edge', edge), other: await run(against.worker, against.load) });
    }
    const ratio = median(pairs.map((pair) => pair.edge[figure] / pair.other[figure]));
    return { ratio, edge: mid(pairs.map((pair) => pair.edge)), other: mid(pairs.map((pair) => pair.other)) };
  } finally {
    await workers.stop();
  }
}

/** Milliseconds that the first answer of a runtime's life takes. */
async function coldStart(worker: WorkerName, load: Load): Promise<number> {
  const workers = await startWorkers({ state, before });
  try {
    return (await measure(workers.ports[worker], workers.pid, load, 0, 1)).p50;
  } finally {
    await workers.stop();
  }
}

function mid(all: readonly Measured[]): Measured {
  const of = (figure: keyof Measured) => median(all.map((measured) => measured[figure]));
  return {
    requestsPerSecond: of('requestsPerSecond'),
    bytesPerSecond: of('bytesPerSecond'),
    cpuMilliseconds: of('cpuMilliseconds'),
    p50: of('p50'),
  };
}

/** The aim in words, and whether it is met. */
function judge(ratio: number, aim: Comparison['aim']): [aim: string, met: 'yes' | 'no' | ''] {
  if (aim === undefined) return ['', ''];
  const met = 'atLeast' in aim ? ratio >= aim.atLeast : ratio <= aim.atMost;
  return ['atLeast' in aim ? `>= ${aim.atLeast}` : `<= ${aim.atMost}`, met ? 'yes' : 'no'];
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** First answers after cold starts, of the edge and of another Worker in turns. */
async function compareColdStarts(name: string, other: WorkerName, load: Load, atMost: number | undefined) {
  const pairs: { edge: number; other: number }[] = [];
  for (let round = 0; round < COLD_ROUNDS; round += 1) {
    pairs.push({ edge: await coldStart('edge', FIRST), other: await coldStart(other, load) });
  }
  const beyond = median(pairs.map((pair) => pair.edge - pair.other));
  const [edge, beside] = [median(pairs.map((pair) => pair.edge)), median(pairs.map((pair) => pair.other))];
  const met = atMost === undefined ? '' : beyond <= atMost ? 'yes' : 'no';
  const aim = atMost === undefined ? '' : `<= ${atMost}`;
  const full = `first answer after a cold start, milliseconds beyond ${name}`;
  print(beyond.toFixed(1), aim, met, `${full} (${edge.toFixed(1)} | ${beside.toFixed(1)})`);
  results.push({ name: full, beyond, edge, other: beside, aim: atMost === undefined ? null : { atMost }, met });
}

function print(ratio: string, aim: string, met: string, text: string): void {
  console.log(`${ratio.padStart(6)}  ${aim.padEnd(7)}  ${met.padEnd(3)}  ${text}`);
}

const FIRST: Load = { method: 'GET', path: '/kexec/x86_64.sha256' };
const results: object[] = [];
const all = comparisons(tarballKey);
const chosen = (before === undefined ? all : comparisonsWithBefore(all)).filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);
try {
  print('ratio', 'aim', 'met', 'comparison (edge p50 ms, CPU ms | other p50 ms, CPU ms)');
  for (const comparison of chosen) {
    const { ratio, edge, other } = await compare(comparison);
    const { aim, name } = comparison;
    const [aimText, met] = judge(ratio, aim);
    const figures = (measured: Measured) => `${measured.p50.toFixed(2)}, ${measured.cpuMilliseconds.toFixed(3)}`;
    print(ratio.toFixed(2), aimText, met, `${name} (${figures(edge)} | ${figures(other)})`);
    results.push({ name, figure: comparison.figure, ratio, aim: aim ?? null, met, edge, other });
  }
  if (words.length === 0 || words.includes('cold')) {
    if (before === undefined) await compareColdStarts("the floor's", 'floor', SMALL, 3);
    else await compareColdStarts("the earlier build's", 'before', FIRST, undefined);
  }
} finally {
  await remove();
}
if (words.length === 0 && before === undefined) {
  const folder = new URL('../results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(
    new URL('edge.json', folder),
    `${JSON.stringify({ when: new Date().toISOString(), rounds: ROUNDS, results }, null, 2)}\n`,
  );
}
