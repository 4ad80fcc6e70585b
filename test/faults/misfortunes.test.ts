import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalEdge, startLocalEdge } from '@nixos-images/local-edge';
import { Failure, readCatalog } from 'nixos-images/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultProxy } from './fault-proxy.ts';
import { emptyBucket, keysOf, openBucket } from './open-bucket.ts';
import { CHANNEL, makeSample, release, type Sample } from './sample.ts';

let folder: string;
let localEdge: LocalEdge;
let sample: Sample;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-misfortunes-'));
  localEdge = await startLocalEdge({ host: '127.0.0.1', port: 0, state: join(folder, 'bucket'), onLog: () => {} });
});
afterAll(async () => {
  await localEdge.stop();
  await rm(folder, { recursive: true });
});
let runs = 0;
beforeEach(async () => {
  await emptyBucket(openBucket(new URL(localEdge.s3.endpoint)));
  runs += 1;
  // Bytes of its own for each test: one of them spoils its file.
  sample = await makeSample(folder, { date: '20260401', seed: `${runs}` });
});
afterEach(() => void vi.useRealTimers());

const bucket = () => openBucket(new URL(localEdge.s3.endpoint));

/** The failure that a run ends with. */
async function failureOf(run: Promise<unknown>): Promise<Failure> {
  const outcome = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Failure) return outcome;
  throw new Error('expected the run to fail with a sentence', { cause: outcome });
}

describe('a publish', () => {
  it('says which file of the store vanished, leaves no release, and completes once it is back', async () => {
    const [file] = sample.draft.blobs;
    if (file === undefined) throw new Error('the sample has no files');
    await rename(file.path, `${file.path}.gone`);
    const failure = await failureOf(release(bucket(), sample));
    expect(failure.message).toContain(file.path);
    expect(failure.remedy).toContain('again');
    expect((await keysOf(bucket())).filter((key) => !key.startsWith('blobs/'))).toEqual([]);
    await rename(`${file.path}.gone`, file.path);
    expect((await release(bucket(), sample)).promotion.outcome).toBe('promoted');
  });

  it('does not let a file into the bucket that changed after it was hashed', async () => {
    const file = sample.draft.blobs.at(-1);
    if (file === undefined) throw new Error('the sample has no files');
    await writeFile(file.path, Buffer.alloc(file.digest.size, 'x'));
    const failure = await failureOf(release(bucket(), sample));
    expect(failure.remedy).toMatch(/changed while it was read/);
    expect(await keysOf(bucket())).not.toContain(`blobs/sha256/${file.digest.sha256}`);
    expect(await readCatalog(bucket())).toBeUndefined();
  });

  it.each([-30, 30])('goes by the time of the server when its own clock jumps by %d hours midway', async (hours) => {
    const began = Date.now();
    await using proxy = await FaultProxy.start(new URL(localEdge.s3.endpoint));
    // The clock jumps while the third answer is on its way. Answers of the proxy have a Date, as R2's have.
    proxy.plan({ fault: 'delay', at: 3 });
    const run = release(openBucket(proxy.endpoint), sample);
    await vi.waitUntil(() => proxy.operations.length >= 3);
    vi.useFakeTimers({ toFake: ['Date'], now: began + hours * 3_600_000 });
    const { published, promotion } = await run;
    vi.useRealTimers();
    expect(promotion.outcome).toBe('promoted');
    expect(Math.abs(Date.parse(published.manifest.published) - began)).toBeLessThan(3_600_000);
    const catalog = (await readCatalog(bucket()))?.catalog;
    expect(Math.abs(Date.parse(catalog?.channels[CHANNEL]?.promoted ?? '') - began)).toBeLessThan(3_600_000);
  });

  it('names the credentials when they expire midway, and completes with new ones', async () => {
    await using proxy = await FaultProxy.start(new URL(localEdge.s3.endpoint));
    proxy.plan({ fault: 'expired', at: 6 });
    const failure = await failureOf(release(openBucket(proxy.endpoint), sample));
    expect(failure.message).toContain('ExpiredToken');
    expect(failure.remedy).toContain('AWS_ACCESS_KEY_ID');
    expect(await readCatalog(bucket())).toBeUndefined();
    expect((await release(bucket(), sample)).promotion.outcome).toBe('promoted');
  });

  it('names what it found when the bucket is someone else’s, and changes nothing', async () => {
    await bucket().write('catalog.json', '{"name": "a wine list"}', {
      contentType: 'application/json',
      cacheControl: 'no-cache',
    });
    const failure = await failureOf(release(bucket(), sample));
    expect(failure.message).toContain('catalog.json');
    expect((await bucket().read('catalog.json'))?.text).toBe('{"name": "a wine list"}');
  });

  it('asks for an update of the builder when the catalog is of a newer schema', async () => {
    await bucket().write('catalog.json', '{"schema": 2}', {
      contentType: 'application/json',
      cacheControl: 'no-cache',
    });
    const failure = await failureOf(release(bucket(), sample));
    expect(failure.message).toBe('catalog.json has schema 2; this version knows 1.');
    expect(failure.remedy).toContain('Update nixos-images');
  });
});
