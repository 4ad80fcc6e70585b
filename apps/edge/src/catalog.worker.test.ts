import { env } from 'cloudflare:workers';
import { CATALOG_KEY } from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { CatalogHolder, type Reading } from './catalog.ts';
import { type CountingBucket, countingBucket } from './testing/index.ts';

const LIMITS = { CATALOG_FRESH_SECONDS: 10, CATALOG_WAIT_SECONDS: 60, CATALOG_STALE_SECONDS: 3600 };

describe('the catalog', () => {
  let counting: CountingBucket;
  /** Writes the catalog in its next state. */
  let write: () => Promise<void>;
  let now: number;
  let holder: CatalogHolder;
  let later: Promise<unknown>[];

  const read = (): Promise<Reading> => holder.read(counting.bucket, LIMITS, (work) => later.push(work));

  beforeEach(async () => {
    const { manifest } = await sampleRelease({
      version: '26.05.20260820.e17386d',
      channel: 'nixos-26.05',
      size: 10,
      published: '2026-08-20T00:00:00.000Z',
    });
    let generation = 0;
    write = async () => {
      generation += 1;
      await env.BUCKET.put(CATALOG_KEY, sampleCatalog([manifest], generation).bytes);
    };
    await write();
    counting = countingBucket(env.BUCKET);
    now = 1_000_000;
    holder = new CatalogHolder(() => now);
    later = [];
  });

  it('is read once and then held', async () => {
    expect((await read()).state).toBe('read');
    now += 9_000;
    expect((await read()).state).toBe('held');
    expect(counting.operations).toEqual(['get catalog.json']);
  });

  it('is looked at in the background after a while, once for many requests', async () => {
    const before = (await read()).snapshot;
    now += 11_000;
    expect((await Promise.all([read(), read(), read()])).map(({ state }) => state)).toEqual(['held', 'held', 'held']);
    await Promise.all(later);
    expect(counting.operations).toHaveLength(2);
    // Nothing changed, so nothing was sent and read again.
    expect(await read()).toEqual({ state: 'held', snapshot: before });
    expect((await read()).snapshot).toBe(before);
  });

  it('is taken over when it changed', async () => {
    await read();
    await write();
    now += 11_000;
    await read();
    await Promise.all(later);
    expect((await read()).snapshot?.catalog.generation).toBe(2);
  });

  it('is waited for when it has not been looked at for long', async () => {
    await read();
    await write();
    now += 61_000;
    const reading = await read();
    expect(reading.state).toBe('read');
    expect(reading.snapshot?.catalog.generation).toBe(2);
  });

  it('is served stale while the bucket fails, which is asked again every few seconds only', async () => {
    await read();
    counting.failing = true;
    now += 100_000;
    expect(await read()).toMatchObject({ state: 'stale', age: 100 });
    expect(await read()).toMatchObject({ state: 'stale' });
    expect(counting.operations).toHaveLength(2);
    counting.failing = false;
    now += 6_000;
    expect((await read()).state).toBe('read');
  });

  it('is not served beyond its limit', async () => {
    await read();
    counting.failing = true;
    now += 3_601_000;
    expect((await read()).state).toBe('unreachable');
  });

  it('that cannot be read as one counts as failure', async () => {
    await read();
    await env.BUCKET.put(CATALOG_KEY, '{"schema":1');
    now += 61_000;
    expect((await read()).state).toBe('stale');
  });

  it('that does not exist means that nothing is published', async () => {
    await env.BUCKET.delete(CATALOG_KEY);
    expect((await read()).state).toBe('empty');
  });
});
