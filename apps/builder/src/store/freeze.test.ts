import { CATALOG_KEY, Catalog, Channel, formatJson, Time, timeOf } from '@nixos-images/shared';
import * as v from 'valibot';
import { expect, it, vi } from 'vitest';
import { ModelBucket, ModelStore } from '../testing/model-bucket.ts';
import type { Bucket } from './bucket.ts';
import { freeze, restore, withdraw } from './freeze.ts';
import { readCatalog } from './stored.ts';

const channel = v.parse(Channel, 'nixos-26.05');
const version = '26.05.20260820.e17386d';
const time = v.parse(Time, '2026-08-20T04:05:06.000Z');
const later = v.parse(Time, '2026-12-31T00:00:00.000Z');
const reason = 'NixOS 26.05 reached its end of life';

/** A bucket with one channel that still gets releases. */
function bucketOf(): ModelBucket {
  const file = { name: 'image.tar.gz', size: 1, sha256: 'ab'.repeat(32), mediaType: 'application/gzip' };
  const origin = { from: 'github', repository: 'owner/name', tag: 'nixos-26.05' };
  const image = { kind: 'kexec', arch: 'x86_64', variant: 'noninteractive', origin, files: { tarball: file } };
  const current = { schema: 1, version, channel, smoke: false, published: time, images: [image] };
  const entry = { state: { status: 'live' }, promoted: time, current, former: [] };
  const store = new ModelStore();
  const catalog = { schema: 1, generation: 1, updated: time, channels: { [channel]: entry } };
  store.put(CATALOG_KEY, formatJson(v.parse(Catalog, catalog)));
  return new ModelBucket(store);
}

const stateOf = async (bucket: Bucket) => (await readCatalog(bucket))?.catalog.channels[channel]?.state;

it('writes a state that tells readers something new, if it is only the sunset, and no other', async () => {
  const bucket = bucketOf();
  const frozen = { status: 'frozen', since: time, reason } as const;
  expect(await freeze(bucket, channel, { since: time, reason })).toEqual({ changed: true });
  expect(await freeze(bucket, channel, { since: time, reason })).toEqual({ changed: false });
  expect(await freeze(bucket, channel, { reason }), 'without a time, the one that stands there').toEqual({
    changed: false,
  });
  expect(await stateOf(bucket)).toEqual(frozen);
  const ending = { since: time, reason, sunset: later };
  expect(await freeze(bucket, channel, ending, { dryRun: true })).toEqual({ changed: true });
  expect(await stateOf(bucket)).toEqual(frozen);
  expect(await freeze(bucket, channel, ending)).toEqual({ changed: true });
  expect(await stateOf(bucket)).toEqual({ status: 'frozen', ...ending });
  const live = { stage: 'stable', state: { status: 'live' } } as const;
  expect(await restore(bucket, channel, live)).toEqual({ changed: true });
  expect(await restore(bucket, channel, live)).toEqual({ changed: false });
});

it('lets the config correct since when a channel is frozen', async () => {
  const bucket = bucketOf();
  await freeze(bucket, channel, { since: later, reason });
  expect(await freeze(bucket, channel, { since: time, reason })).toEqual({ changed: true });
  expect(await stateOf(bucket)).toEqual({ status: 'frozen', since: time, reason });
});

it("goes by the server's clock where nobody says since when", async () => {
  const bucket = bucketOf();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2040-01-01T00:00:00Z') });
  await freeze(bucket, channel, { reason });
  vi.useRealTimers();
  expect(await stateOf(bucket)).toMatchObject({ since: timeOf(await bucket.now()) });
});

it('withdraws a channel, and brings it back as the config has it', async () => {
  const bucket = bucketOf();
  const entryOf = async () => (await readCatalog(bucket))?.catalog.channels[channel];
  expect(await withdraw(bucket, channel, { reason: 'it loses data' })).toEqual({ changed: true });
  // Edges older than stages read the state: to them it is frozen.
  expect(await entryOf()).toMatchObject({ stage: 'withdrawn', state: { status: 'frozen', reason: 'it loses data' } });
  expect(await withdraw(bucket, channel, { reason: 'it loses data' })).toEqual({ changed: false });
  await restore(bucket, channel, { stage: 'beta', state: { status: 'live' } });
  expect(await entryOf()).toMatchObject({ stage: 'beta', state: { status: 'live' } });
});
