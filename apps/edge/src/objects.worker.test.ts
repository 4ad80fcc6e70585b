import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { WrittenObjects } from './objects.ts';
import { type CountingBucket, countingBucket } from './testing/index.ts';

const KEY = 'releases/26.05.20260820.e17386d/boot.json';
const common = { schema: 1, version: '26.05.20260820.e17386d', time: '2026-08-20T00:00:00.000Z' };
const SKIPPED = JSON.stringify({ ...common, gate: 'skipped', reason: 'no machine to boot on' });
const RUN = JSON.stringify({ ...common, gate: 'run', tools: {}, tests: [] });

describe('an object that is written once', () => {
  let counting: CountingBucket;
  let now: number;
  let objects: WrittenObjects;
  const read = async (key: string) => (await objects.read(counting.bucket, key))?.text;

  beforeEach(() => {
    counting = countingBucket(env.BUCKET);
    now = 1_000_000;
    objects = new WrittenObjects(() => now);
  });

  it('is read once', async () => {
    await env.BUCKET.put('releases/1/manifest.json', 'a');
    expect(await read('releases/1/manifest.json')).toBe('a');
    now += 1_000_000_000;
    expect(await read('releases/1/manifest.json')).toBe('a');
    expect(counting.operations).toHaveLength(1);
  });

  it('and is not there yet is looked for again after a while', async () => {
    expect(await read('releases/2/manifest.json')).toBeUndefined();
    await env.BUCKET.put('releases/2/manifest.json', 'a');
    expect(await read('releases/2/manifest.json')).toBeUndefined();
    now += 16_000;
    expect(await read('releases/2/manifest.json')).toBe('a');
  });

  it('but is the boot record of a skipped gate is looked at again until the tests ran', async () => {
    await env.BUCKET.put(KEY, SKIPPED);
    expect(await read(KEY)).toBe(SKIPPED);
    await env.BUCKET.put(KEY, RUN);
    expect(await read(KEY)).toBe(SKIPPED);
    now += 16_000;
    expect(await read(KEY)).toBe(RUN);
    now += 1_000_000_000;
    expect(await read(KEY)).toBe(RUN);
    expect(counting.operations).toHaveLength(2);
  });
});
