/**
 * Measures the whole of `nixos-images release`, without Nix and without booting: two architectures with two images each. With a checkout
 * of another commit, the two take turns.
 *
 *     npm run bench:release [-- --gigabytes 2 --rounds 3 --against FOLDER]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startLocalEdge } from '@nixos-images/local-edge';
import { emptyBucket, LOCAL_CREDENTIALS, openBucket } from '../../faults/open-bucket.ts';
import { type Measurement, measure } from './measure.ts';
import { makeStandInNix, type StandInNix } from './stand-in-nix.ts';

const { values } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    against: { type: 'string' },
  },
});
const BYTES = Number(values.gigabytes) * 1e9;
const REASON = 'a benchmark: nothing here can boot';
const root = join(import.meta.dirname, '..', '..', '..');

interface Row {
  readonly builder: string;
  readonly what: 'first' | 'unchanged';
  readonly measurement: Measurement;
}

const work = await mkdtemp(join(tmpdir(), 'nixos-images-bench-release-'));
try {
  const edge = await startLocalEdge({ host: '127.0.0.1', port: 0, state: join(work, 'bucket'), onLog: () => {} });
  const bucket = { endpoint: new URL(edge.s3.endpoint), name: edge.s3.bucket };
  const checkouts = [['this', root] as const, ...(values.against ? [['other', resolve(values.against)] as const] : [])];
  // Once over next to nothing: Node keeps what it compiled, and the server its first steps.
  const little = await makeStandInNix(join(work, 'little'), 4096);
  for (const checkout of checkouts) await benchRelease(checkout, little, bucket);
  const nix = await makeStandInNix(join(work, 'images'), BYTES);
  const rows: Row[] = [];
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    // Whoever comes first finds the emptiest server: each round begins with another.
    for (const checkout of round % 2 === 1 ? checkouts : checkouts.toReversed()) {
      const measured = await benchRelease(checkout, nix, bucket);
      rows.push(...measured);
      const seconds = measured.map(({ what, measurement }) => `${what} ${measurement.seconds.toFixed(1)} s`);
      console.error(`round ${round}, ${checkout[0]}: ${seconds.join(', ')}`);
    }
  }
  await edge.stop();
  console.log(tableOf(rows));
} finally {
  await rm(work, { recursive: true, force: true });
}

/** Releases into an empty bucket, and again when there is nothing to do. */
async function benchRelease(
  [builder, checkout]: readonly [string, string],
  nix: StandInNix,
  { endpoint, name }: { readonly endpoint: URL; readonly name: string },
): Promise<Row[]> {
  await emptyBucket(openBucket(endpoint));
  const state = await mkdtemp(join(work, 'state-'));
  const config = join(state, 'config.mjs');
  await writeFile(config, `export default ${JSON.stringify(nix.config(endpoint, name, state))};\n`);
  const program = join(checkout, 'node_modules/nixos-images/bin/nixos-images.js');
  const args = [program, 'release', '--no-gc', '--without-boot-test', REASON, '--config', config];
  const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS;
  const rows: Row[] = [];
  for (const what of ['first', 'unchanged'] as const) {
    const measurement = await measure(process.execPath, args, {
      PATH: `${nix.programs}:${process.env['PATH']}`,
      XDG_CACHE_HOME: join(work, `cache-${builder}`),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    });
    rows.push({ builder, what, measurement });
  }
  await rm(state, { recursive: true });
  return rows;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** The median of every figure, beside its ratio to this checkout's. */
function tableOf(all: readonly Row[]): string {
  const figure = (builder: string, what: string, name: keyof Measurement) =>
    median(all.filter((row) => row.builder === builder && row.what === what).map((row) => row.measurement[name]));
  const groups = Map.groupBy(all, ({ builder, what }) => `${builder} ${what}`).values();
  const lines = [...groups].flatMap(([row]) => {
    if (row === undefined) return [];
    const { builder, what } = row;
    const cell = (name: keyof Measurement, unit: string, scale: number) => {
      const [own, ours] = [figure(builder, what, name), figure('this', what, name)];
      return `${(own / scale).toFixed(1)} ${unit} (×${(own / ours).toFixed(2)})`.padEnd(20);
    };
    const cells = [cell('seconds', 's', 1), cell('cpuSeconds', 's', 1), cell('peakBytes', 'MB', 1e6)];
    return [[`${builder}, ${what}`.padEnd(20), ...cells].join(' ')];
  });
  const head = ['release of'.padEnd(20), 'time'.padEnd(20), 'CPU'.padEnd(20), 'peak memory'].join(' ');
  return [head, ...lines].join('\n');
}
