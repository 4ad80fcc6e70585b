/**
 * Holds the edge against the smallest Worker that could do its work (the floor) and one that does nothing (the limit): same runtime, same
 * bucket, rounds taken in turns. Prints a table of ratios and writes test/bench/results/edge.json.
 *
 *     npm run bench:edge
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { type Load, type Measured, measure } from './load.ts';
import { type OtherName, prepareBucket, SMALL_KEY, startWorkers, type WorkerName } from './workers.ts';

const ROUNDS = 5;
const MILLISECONDS = 1_000;
const CONNECTIONS = 8;

interface Comparison {
  readonly name: string;
  readonly edge: Load;
  readonly against: { readonly worker: OtherName; readonly load: Load };
  readonly figure: 'requestsPerSecond' | 'bytesPerSecond' | 'cpuMilliseconds';
  /** What the ratio edge/other is to be: at least, or at most. Undefined where it only tells what an aim can be. */
  readonly aim: { readonly atLeast: number } | { readonly atMost: number } | undefined;
  readonly connections: number;
}

const { state, tarballKey, remove } = await prepareBucket();
const ETAG = { 'If-None-Match': `"${tarballKey.slice(tarballKey.lastIndexOf('/') + 1)}"` };
const RANGE = { Range: 'bytes=1048576-1114111' };
const small: Load = { method: 'GET', path: `/${SMALL_KEY}` };
const nothing: Load = { method: 'GET', path: '/' };

const SCRIPT: Load = { method: 'GET', path: '/netboot/x86_64.ipxe' };
const LIGHT: readonly (readonly [string, Load])[] = [
  ['iPXE script', SCRIPT],
  ['.sha256', { method: 'GET', path: '/kexec/x86_64.tar.gz.sha256' }],
  ['.json', { method: 'GET', path: '/kexec/x86_64.json' }],
  ['304', { method: 'GET', path: '/kexec/x86_64.tar.gz', headers: ETAG }],
];

const COMPARISONS: readonly Comparison[] = [
  ...LIGHT.flatMap(([name, edge]): Comparison[] => [
    {
      name: `${name}, requests/s, to the floor's small GET`,
      edge,
      against: { worker: 'floor', load: small },
      figure: 'requestsPerSecond',
      aim: { atLeast: 4 },
      connections: CONNECTIONS,
    },
    {
      name: `${name}, requests/s, to the empty Worker`,
      edge,
      against: { worker: 'empty', load: nothing },
      figure: 'requestsPerSecond',
      aim: { atLeast: 0.5 },
      connections: CONNECTIONS,
    },
  ]),
  {
    name: 'iPXE script, requests/s, to the empty Worker with headers and log',
    edge: SCRIPT,
    against: { worker: 'empty-with-headers', load: nothing },
    figure: 'requestsPerSecond',
    aim: undefined,
    connections: CONNECTIONS,
  },
  {
    name: "HEAD, requests/s, to the floor's",
    edge: { method: 'HEAD', path: '/kexec/x86_64.tar.gz' },
    against: { worker: 'floor', load: { method: 'HEAD', path: `/${tarballKey}` } },
    figure: 'requestsPerSecond',
    aim: { atLeast: 3 },
    connections: CONNECTIONS,
  },
  {
    name: "64 KiB range, CPU per request, to the floor's",
    edge: { method: 'GET', path: '/kexec/x86_64.tar.gz', headers: RANGE },
    against: { worker: 'floor', load: { method: 'GET', path: `/${tarballKey}`, headers: RANGE } },
    figure: 'cpuMilliseconds',
    aim: { atMost: 1.05 },
    connections: CONNECTIONS,
  },
  {
    name: '64 KiB range, CPU per request, to the floor with headers and log',
    edge: { method: 'GET', path: '/kexec/x86_64.tar.gz', headers: RANGE },
    against: { worker: 'floor-with-headers', load: { method: 'GET', path: `/${tarballKey}`, headers: RANGE } },
    figure: 'cpuMilliseconds',
    aim: undefined,
    connections: CONNECTIONS,
  },
  {
    name: "64 MiB body, bytes/s, to the floor's",
    edge: { method: 'GET', path: '/kexec/x86_64.tar.gz' },
    against: { worker: 'floor', load: { method: 'GET', path: `/${tarballKey}` } },
    figure: 'bytesPerSecond',
    aim: { atLeast: 0.97 },
    connections: 2,
  },
];

/** One comparison's rounds: edge and other in turns, so that both meet the same weather. */
async function compare({ edge, against, figure, connections }: Comparison) {
  const workers = await startWorkers(state);
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

/** Milliseconds from the start of a runtime's life to its first answer from a Worker, beyond those of the empty Worker. */
async function coldStart(worker: WorkerName, load: Load): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const workers = await startWorkers(state);
    const { p50 } = await measure(workers.ports[worker], workers.pid, load, 0, 1);
    times.push(p50);
    await workers.stop();
  }
  return median(times);
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

const results: object[] = [];
try {
  console.log(
    `${'ratio'.padStart(6)}  ${'aim'.padEnd(7)}  met  comparison (edge p50 ms, CPU ms | other p50 ms, CPU ms)`,
  );
  for (const comparison of COMPARISONS) {
    const { ratio, edge, other } = await compare(comparison);
    const { aim, name } = comparison;
    const [aimText, met] = judge(ratio, aim);
    const figures = (measured: Measured) => `${measured.p50.toFixed(2)}, ${measured.cpuMilliseconds.toFixed(3)}`;
    console.log(
      `${ratio.toFixed(2).padStart(6)}  ${aimText.padEnd(7)}  ${met.padEnd(3)}  ${name} (${figures(edge)} | ${figures(other)})`,
    );
    results.push({ name, figure: comparison.figure, ratio, aim: aim ?? null, met, edge, other });
  }
  const [edge, floor] = [
    await coldStart('edge', { method: 'GET', path: '/kexec/x86_64.sha256' }),
    await coldStart('floor', small),
  ];
  const met = edge - floor <= 5 ? 'yes' : 'no';
  console.log(
    `${(edge - floor).toFixed(1).padStart(6)}  <= 5     ${met.padEnd(3)}  first answer after a cold start, milliseconds beyond the floor's (${edge.toFixed(1)} | ${floor.toFixed(1)})`,
  );
  results.push({ name: 'first answer after a cold start, milliseconds', edge, floor, aim: { atMost: floor + 5 }, met });
} finally {
  await remove();
}
const folder = new URL('../results/', import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(
  new URL('edge.json', folder),
  `${JSON.stringify({ when: new Date().toISOString(), rounds: ROUNDS, results }, null, 2)}\n`,
);
