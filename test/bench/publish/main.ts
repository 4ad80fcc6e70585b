/**
 * Holds publishing against Debian's rclone and awscli: the same files, bucket, part size and concurrency.
 *
 *     apt-get install rclone awscli radosgw ceph-mon ceph-osd ceph-common
 *     npm run bench:publish [-- --gigabytes 2 --rounds 1]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startLocalEdge } from '@nixos-images/local-edge';
import { execa } from 'execa';
import { CONCURRENCY, PIECE } from 'nixos-images/store';
import { emptyBucket, keysOf, LOCAL_CREDENTIALS, openBucket } from '../../faults/open-bucket.ts';
import { hasRadosgw, startRadosgw } from '../../faults/radosgw.ts';
import { makeFile } from './make-file.ts';
import { type Measurement, measure } from './measure.ts';

const { values } = parseArgs({
  options: { gigabytes: { type: 'string', default: '2' }, rounds: { type: 'string', default: '1' } },
});
const BYTES = Number(values.gigabytes) * 1e9;
const FILES = 4;
const BUCKET = 'nixos-images';
/** How the command sets up Node before anything else. */
const LEAN_NODE = import.meta.resolve('nixos-images/lean-node');
/** Debian's, whatever else is on the PATH. */
const AWS = '/usr/bin/aws';

interface Tool {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Row {
  readonly server: string;
  readonly what: string;
  readonly measurement: Measurement;
}

const missing = await missingPackages();
if (missing.length > 0) {
  console.error(`The benchmark needs tools that are not installed: apt-get install ${missing.join(' ')}`);
  process.exit(2);
}

const work = await mkdtemp(join(tmpdir(), 'nixos-images-bench-'));
try {
  const images = join(work, 'images');
  await mkdir(images);
  for (let index = 0; index < FILES; index += 1)
    await makeFile(join(images, `image-${index}`), Math.round(BYTES / FILES));
  const rows: Row[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const start of [startLocal, startCeph]) {
      const folder = await mkdtemp(join(work, 'server-'));
      {
        await using server = await start(folder);
        rows.push(...(await benchServer(server, { images, folder, round })));
      }
      await rm(folder, { recursive: true, force: true });
    }
  }
  console.log(tableOf(rows));
  const results = join(import.meta.dirname, '..', 'results');
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'publish.json'), `${JSON.stringify(resultOf(rows), null, 2)}\n`);
} finally {
  await rm(work, { recursive: true, force: true });
}

/** Debian's packages whose programs are not there. */
async function missingPackages(): Promise<string[]> {
  const rivals = { rclone: 'rclone', awscli: AWS };
  const found = await Promise.all(
    Object.entries(rivals).map(async ([name, program]) => {
      const { exitCode } = await execa('which', [program], { reject: false });
      return exitCode === 0 ? [] : [name];
    }),
  );
  return [...found.flat(), ...((await hasRadosgw()) ? [] : ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'])];
}

async function toolsFor(endpoint: URL, images: string, state: string): Promise<Tool[]> {
  const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS;
  // rclone's SDK stumbles over a bundle that some machines set; nothing here speaks TLS.
  const key = {
    AWS_CA_BUNDLE: '',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'auto',
  };
  const config = join(state, 'aws-config');
  const limits = `  multipart_threshold = ${PIECE}\n  multipart_chunksize = ${PIECE}\n  max_concurrent_requests = ${CONCURRENCY}\n`;
  await writeFile(config, `[default]\ns3 =\n${limits}  addressing_style = path\n`);
  const remote = `server:${BUCKET}/rclone`;
  const rclone = {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_SERVER_TYPE: 's3',
    RCLONE_CONFIG_SERVER_PROVIDER: 'Other',
    RCLONE_CONFIG_SERVER_ENV_AUTH: 'true',
    RCLONE_CONFIG_SERVER_REGION: 'auto',
    RCLONE_CONFIG_SERVER_ENDPOINT: endpoint.href,
  };
  const size = `${PIECE / 1024 ** 2}M`;
  const parts = ['--s3-chunk-size', size, '--s3-upload-cutoff', size, '--s3-no-check-bucket'];
  // rclone counts files and parts of a file apart: one file at a time, so that four requests are in flight.
  const flights = ['--s3-upload-concurrency', `${CONCURRENCY}`, '--transfers', '1', '--checkers', '4'];
  return [
    {
      name: 'nixos-images',
      command: process.execPath,
      args: ['--import', LEAN_NODE, join(import.meta.dirname, 'publisher.ts'), endpoint.href, images, state],
      env: { ...key, XDG_CACHE_HOME: join(work, 'cache') },
    },
    {
      name: 'rclone',
      command: 'rclone',
      args: ['copy', images, remote, ...parts, ...flights],
      env: { ...key, ...rclone },
    },
    {
      name: 'awscli',
      command: AWS,
      args: [
        's3',
        'sync',
        images,
        `s3://${BUCKET}/awscli`,
        '--endpoint-url',
        endpoint.href.replace(/\/$/, ''),
        '--quiet',
      ],
      env: { ...key, AWS_CONFIG_FILE: config, AWS_EC2_METADATA_DISABLED: 'true' },
    },
  ];
}

interface Server extends AsyncDisposable {
  readonly name: string;
  readonly endpoint: URL;
}

async function startLocal(folder: string): Promise<Server> {
  const localEdge = await startLocalEdge({
    host: '127.0.0.1',
    port: 0,
    state: join(folder, 'bucket'),
    onLog: () => {},
  });
  return { name: 'local bucket', endpoint: new URL(localEdge.s3.endpoint), [Symbol.asyncDispose]: localEdge.stop };
}

/** With room for what three tools write. */
async function startCeph(folder: string): Promise<Server> {
  const server = await startRadosgw(join(folder, 'ceph'), 4 * BYTES + 1e9);
  return { name: 'radosgw', endpoint: server.endpoint, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

interface Round {
  readonly images: string;
  readonly folder: string;
  /** From 0. */
  readonly round: number;
}

async function benchServer({ name: server, endpoint }: Server, { images, folder, round }: Round): Promise<Row[]> {
  const rows: Row[] = [];
  const bucket = openBucket(endpoint);
  // Once over next to nothing: Node and Python keep what they compiled, and the server its first steps.
  const little = join(folder, 'little');
  await mkdir(little);
  await writeFile(join(little, 'image'), 'little');
  for (const { command, args, env } of await toolsFor(endpoint, little, await mkdtemp(join(folder, 'state-')))) {
    await execa(command, args, { env });
  }
  await emptyBucket(bucket);
  // Whoever comes first finds the emptiest server: each round begins with another tool.
  const tools = await toolsFor(endpoint, images, await mkdtemp(join(folder, 'state-')));
  const turn = round % tools.length;
  for (const { name, command, args, env } of [...tools.slice(turn), ...tools.slice(0, turn)]) {
    for (const what of [`${name}, first`, `${name}, unchanged`]) {
      const before = await keysOf(bucket);
      const measurement = await measure(command, args, env);
      rows.push({ server, what, measurement });
      const added = (await keysOf(bucket)).length - before.length;
      console.error(`${server}, ${what}: ${measurement.seconds.toFixed(1)} s, ${added} objects written`);
    }
  }
  return rows;
}

/** Rounds of one thing as their median, by time. */
function medians(rows: readonly Row[]): Row[] {
  return [...Map.groupBy(rows, ({ server, what }) => `${server} ${what}`).values()].flatMap((group) => {
    const sorted = group.toSorted((a, b) => a.measurement.seconds - b.measurement.seconds);
    return sorted[Math.floor(sorted.length / 2)] ?? [];
  });
}

/** Each figure beside its ratio to ours of the same server and step. */
function resultOf(rows: readonly Row[]) {
  const all = medians(rows);
  return {
    bytes: BYTES,
    files: FILES,
    partBytes: PIECE,
    concurrency: CONCURRENCY,
    rows: all.map(({ server, what, measurement }) => {
      const step = what.split(', ')[1];
      const ours = all.find((row) => row.server === server && row.what === `nixos-images, ${step}`)?.measurement;
      const ratio = (figure: keyof Measurement) => (ours === undefined ? null : measurement[figure] / ours[figure]);
      return {
        server,
        what,
        ...measurement,
        ratios: { seconds: ratio('seconds'), cpuSeconds: ratio('cpuSeconds'), peakBytes: ratio('peakBytes') },
      };
    }),
  };
}

function tableOf(rows: readonly Row[]): string {
  const times = (ratio: number | null) => (ratio === null ? '' : ` (×${ratio.toFixed(2)})`);
  const cell = (text: string, ratio: number | null) => `${text}${times(ratio)}`.padEnd(22);
  const lines = resultOf(rows).rows.map(({ server, what, seconds, cpuSeconds, peakBytes, ratios }) =>
    [
      server.padEnd(14),
      what.padEnd(26),
      cell(`${seconds.toFixed(1)} s`, ratios.seconds),
      cell(`${cpuSeconds.toFixed(1)} s`, ratios.cpuSeconds),
      cell(`${(peakBytes / 1e6).toFixed(0)} MB`, ratios.peakBytes),
    ].join(' '),
  );
  const head = ['server'.padEnd(14), 'what'.padEnd(26), 'time'.padEnd(22), 'CPU'.padEnd(22), 'peak memory'].join(' ');
  return [head, ...lines].join('\n');
}
