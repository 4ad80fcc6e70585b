import { CATALOG_KEY } from '@nixos-images/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { sampleCatalog, sampleRelease } from '../../local/sample-release.ts';
import { CatalogHolder, type Reading } from './catalog-holder.ts';

const LIMITS = { fresh: 10, wait: 60, stale: 3600 };

/** A bucket with one object, that can fail, and that counts. */
class OneObject {
  text: string | undefined;
  etag = '1';
  failing = false;
  looks = 0;
  bodies = 0;

  readonly get = async (key: string, options?: R2GetOptions): Promise<never> => {
    expect(key).toBe(CATALOG_KEY);
    this.looks += 1;
    if (this.failing) throw new Error('internal');
    const { text, etag } = this;
    const condition = options?.onlyIf;
    const known = condition !== undefined && 'etagDoesNotMatch' in condition ? condition.etagDoesNotMatch : undefined;
    if (text === undefined) return null as never;
    if (known === etag) return { etag } as never;
    this.bodies += 1;
    return { etag, body: null, text: async () => text } as never;
  };
}

describe('the catalog', () => {
  let bucket: OneObject;
  let now: number;
  let holder: CatalogHolder;
  let later: Promise<unknown>[];

  const read = (): Promise<Reading> => holder.read(bucket, LIMITS, (work) => later.push(work));

  beforeEach(async () => {
    const { manifest } = await sampleRelease({
      version: '26.05.20260820.e17386d',
      channel: 'nixos-26.05',
      size: 10,
      published: '2026-08-20T00:00:00.000Z',
    });
    bucket = new OneObject();
    bucket.text = new TextDecoder().decode(sampleCatalog([manifest]).bytes);
    now = 1_000_000;
    holder = new CatalogHolder(() => now);
    later = [];
  });

  it('is read once and then held', async () => {
    expect((await read()).state).toBe('read');
    now += 9_000;
    expect((await read()).state).toBe('held');
    expect(bucket.looks).toBe(1);
  });

  it('is looked at in the background after a while, once for many requests', async () => {
    await read();
    now += 11_000;
    expect((await Promise.all([read(), read(), read()])).map(({ state }) => state)).toEqual(['held', 'held', 'held']);
    await Promise.all(later);
    expect(bucket.looks).toBe(2);
    expect(bucket.bodies).toBe(1);
  });

  it('is taken over when it changed', async () => {
    await read();
    bucket.etag = '2';
    now += 11_000;
    await read();
    await Promise.all(later);
    const reading = await read();
    expect('snapshot' in reading && reading.snapshot.etag).toBe('2');
  });

  it('is waited for when it has not been looked at for long', async () => {
    await read();
    bucket.etag = '2';
    now += 61_000;
    expect((await read()).state).toBe('read');
  });

  it('is served stale while the bucket fails, which is asked again every few seconds only', async () => {
    await read();
    bucket.failing = true;
    now += 100_000;
    expect(await read()).toMatchObject({ state: 'stale', age: 100 });
    expect(await read()).toMatchObject({ state: 'stale' });
    expect(bucket.looks).toBe(2);
    bucket.failing = false;
    now += 6_000;
    expect((await read()).state).toBe('read');
  });

  it('is not served beyond its limit', async () => {
    await read();
    bucket.failing = true;
    now += 3_601_000;
    expect((await read()).state).toBe('unreachable');
  });

  it('that cannot be read as one counts as failure', async () => {
    await read();
    bucket.etag = '2';
    bucket.text = '{"schema":1';
    now += 61_000;
    expect((await read()).state).toBe('stale');
  });

  it('that does not exist means that nothing is published', async () => {
    bucket.text = undefined;
    expect((await read()).state).toBe('empty');
  });
});
