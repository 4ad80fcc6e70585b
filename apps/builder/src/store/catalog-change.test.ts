import { CATALOG_KEY, Channel, formatJson, Sha256, Time } from '@nixos-images/shared';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { ModelBucket, ModelStore } from '../testing/model-bucket.ts';
import { changeCatalog } from './catalog-change.ts';
import { collect } from './collect.ts';
import { freeze } from './freeze.ts';
import { readCatalog } from './stored.ts';

const channel = v.parse(Channel, 'nixos-26.05');
const time = v.parse(Time, '2026-08-20T04:05:06.000Z');
const UNUSED = v.parse(Sha256, 'ab'.repeat(32));

/** A bucket at a release, with a blob that nothing names. */
function storeWithGarbage(): ModelStore {
  const store = new ModelStore();
  const file = { name: 'image.tar.gz', size: 1, sha256: 'cd'.repeat(32), mediaType: 'application/gzip' };
  const origin = { from: 'github', repository: 'owner/name', tag: 'nixos-26.05' };
  const image = { kind: 'kexec', arch: 'x86_64', variant: 'noninteractive', origin, files: { tarball: file } };
  const version = '26.05.20260820.e17386d';
  const current = { schema: 1, version, channel, smoke: false, published: time, images: [image] };
  const entry = { state: { status: 'live' }, promoted: time, current, former: [] };
  store.put(CATALOG_KEY, formatJson({ schema: 1, generation: 1, updated: time, channels: { [channel]: entry } }));
  store.put(`releases/${version}/manifest.json`, formatJson(current));
  store.put(`blobs/sha256/${UNUSED}`, 'unused');
  store.now += 10_000;
  return store;
}

/** A bucket in which others write the catalog just before each of the first so many writes. */
function contested(store: ModelStore, times: number): ModelBucket {
  let left = times;
  return new ModelBucket(store, async (operation) => {
    if (operation !== `write ${CATALOG_KEY}` || left === 0) return;
    left -= 1;
    await changeCatalog(new ModelBucket(store), (catalog) => ({ catalog, result: undefined }));
  });
}

it('lets whoever changes the catalog lose the race a hundred times, and come through', async () => {
  const store = storeWithGarbage();
  const options = { grace: 1000, retention: new Map(), pause: 0 };
  const collected = await collect(contested(store, 100), options);
  expect(collected.flatMap(({ blobs }) => blobs.map(({ sha256 }) => sha256))).toEqual([UNUSED]);
  expect(await freeze(contested(store, 100), channel, { reason: 'over' }, { pause: 0 })).toEqual({ changed: true });
  const catalog = (await readCatalog(new ModelBucket(store)))?.catalog;
  expect(catalog?.channels[channel]?.state.status).toBe('frozen');
  expect(catalog?.collecting).toBeUndefined();
});
