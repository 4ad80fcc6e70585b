import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalEdge, startLocalEdge } from '@nixos-images/local-edge';
import { execaNode } from 'execa';
import { Failure, PIECE, readCatalog, type S3Bucket } from 'nixos-images/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCoherent, expectWhole } from './coherence.ts';
import { FAULTS, type Fault, FaultProxy } from './fault-proxy.ts';
import { emptyBucket, keysOf, openBucket } from './open-bucket.ts';
import { CHANNEL, makeSample, release, type Sample } from './sample.ts';

/** The whole matrix, every fault at every operation, takes a quarter of an hour: FAULTS=all. */
const WHOLE = process.env['FAULTS'] === 'all';

/** Otherwise every operation meets one of the faults that leave something behind and one that passes, in turn. */
const LASTING: readonly Fault[] = ['kill-after', 'lost-answer', 'kill', 'down'];
const PASSING: readonly Fault[] = FAULTS.filter((fault) => !LASTING.includes(fault));

function faultsFor(index: number): readonly Fault[] {
  if (WHOLE) return FAULTS;
  const turn = [LASTING[index % LASTING.length], PASSING[index % PASSING.length]];
  return FAULTS.filter((fault) => turn.includes(fault));
}

/** Bytes of the published initrd: two parts. */
const INITRD = PIECE + 4096;

let folder: string;
let localEdge: LocalEdge;
let direct: S3Bucket;
let proxy: FaultProxy;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-faults-'));
  // The edge reads the catalog for every request, so that what one fault left is not seen behind the next.
  const vars = { CATALOG_FRESH_SECONDS: '0', CATALOG_WAIT_SECONDS: '0', CATALOG_STALE_SECONDS: '0' };
  localEdge = await startLocalEdge({
    host: '127.0.0.1',
    port: 0,
    state: join(folder, 'bucket'),
    vars,
    onLog: () => {},
  });
  direct = openBucket(new URL(localEdge.s3.endpoint));
  proxy = await FaultProxy.start(new URL(localEdge.s3.endpoint));
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await localEdge.stop();
  await rm(folder, { recursive: true });
});

interface Scenario {
  /** What the bucket holds before. */
  readonly before: Sample | undefined;
  readonly publishes: Sample;
  readonly date: string;
}

let scenarios = 0;

/**
 * An emptied bucket, with an old release if there is to be an update. Versions never come twice: an edge rightly
 * remembers the manifests that it has seen.
 */
async function stage(update: boolean): Promise<Scenario> {
  scenarios += 1;
  const number = `${scenarios}`.padStart(7, '0');
  const date = `2${number}`;
  const publishes = await makeSample(folder, { date, seed: 'new', initrdSize: INITRD });
  const before = update ? await makeSample(folder, { date: `1${number}`, seed: 'old', initrdSize: 65_536 }) : undefined;
  await emptyBucket(direct);
  if (before !== undefined) await release(direct, before);
  return { before, publishes, date };
}

/** Runs the publisher through the proxy; true when it got through in spite of the fault. */
async function runPublisher({ publishes, date }: Scenario, fault: Fault | undefined): Promise<boolean> {
  if (fault === 'kill' || fault === 'kill-after') return runAndKill(date);
  try {
    await release(openBucket(proxy.endpoint), publishes);
    return true;
  } catch (error) {
    // Whatever goes wrong, the user reads a sentence.
    if (error instanceof Failure) return false;
    throw error;
  }
}

async function runAndKill(date: string): Promise<boolean> {
  const child = execaNode(
    join(import.meta.dirname, 'publisher.ts'),
    [proxy.endpoint.href, folder, date, 'new', `${INITRD}`],
    {
      reject: false,
    },
  );
  proxy.onKill = () => child.kill('SIGKILL');
  const { exitCode, stderr } = await child;
  if (exitCode !== undefined && exitCode !== 0) throw new Error(`the publisher failed by itself: ${stderr}`);
  return exitCode === 0;
}

async function versionInCatalog(): Promise<string | undefined> {
  return (await readCatalog(direct))?.catalog.channels[CHANNEL]?.current.version;
}

/** Names of the operations of an undisturbed run. */
async function countOperations(update: boolean): Promise<string[]> {
  const scenario = await stage(update);
  proxy.plan(undefined);
  await runPublisher(scenario, undefined);
  return proxy.operations.map(({ name }) => name);
}

/** One fault at one operation, then a second run; throws when a promise is broken. */
async function disturb(update: boolean, fault: Fault, at: number): Promise<'through' | 'second run'> {
  const scenario = await stage(update);
  proxy.plan({ fault, at });
  const through = await runPublisher(scenario, fault);
  const before = scenario.before?.version;
  const versions = [before, scenario.publishes.version].filter((version) => version !== undefined);
  await expectCoherent(localEdge.url, [before, scenario.publishes.version]);
  await expectWhole(localEdge.url, versions, 'look');
  const present = new Set((await keysOf(direct)).map((key) => key.replace(/^blobs\/sha256\/(.{8}).*/, 'blob $1')));
  proxy.plan(undefined);
  await release(openBucket(proxy.endpoint), scenario.publishes);
  const again = proxy.operations.filter(({ name }) => /^(PUT|POST) blob/.test(name));
  const twice = again.filter(({ name }) => present.has(name.split(' ').slice(1, 3).join(' ')));
  expect(twice, 'nothing is uploaded twice').toEqual([]);
  expect(await versionInCatalog()).toBe(scenario.publishes.version);
  await expectCoherent(localEdge.url, [before, scenario.publishes.version]);
  await expectWhole(localEdge.url, versions, 'read');
  return through ? 'through' : 'second run';
}

const SIGN: Readonly<Record<'through' | 'second run', string>> = { through: '·', 'second run': '2' };

describe.each<{ name: string; update: boolean }>([
  { name: 'the first release', update: false },
  { name: 'an update', update: true },
])('$name', ({ name, update }) => {
  it('survives a fault at every operation: the edge stays coherent, a second run completes, nothing goes up twice', async () => {
    const operations = await countOperations(update);
    const rows: string[] = [];
    let tried = 0;
    for (const [index, operation] of operations.entries()) {
      // The update begins elsewhere in the turn than the first release: together they leave fewer gaps.
      const chosen = faultsFor(index + (update ? 2 : 0));
      const cells: string[] = [];
      for (const fault of FAULTS) {
        const tries = chosen.includes(fault);
        if (tries) tried += 1;
        const outcome = tries
          ? await disturb(update, fault, index + 1).catch((error: unknown) => {
              throw new Error(
                `${fault} at operation ${index + 1}, ${operation}: ${error instanceof Error ? error.message : error}`,
                { cause: error },
              );
            })
          : undefined;
        cells.push((outcome === undefined ? '' : SIGN[outcome]).padEnd(fault.length));
      }
      rows.push(`${`${index + 1}`.padStart(3)}  ${operation.slice(0, 60).padEnd(60)} ${cells.join(' ')}`);
    }
    const head = `${' '.repeat(5)}${'operation'.padEnd(60)} ${FAULTS.join(' ')}`;
    console.log(
      `\n${name}: ${operations.length} operations, ${tried} faults, all coherent ("·": got through; "2": a second run completed)\n${head}\n${rows.join('\n')}`,
    );
    expect(tried).toBeGreaterThanOrEqual(operations.length * 2);
  });
});
