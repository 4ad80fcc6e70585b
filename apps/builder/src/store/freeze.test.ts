import { CATALOG_KEY, Catalog, Channel, formatJson, Time } from '@nixos-images/shared';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { ModelBucket, ModelStore } from '../testing/model-bucket.ts';
import { setState } from './freeze.ts';
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

it('writes a state that tells readers something new, if it is only the sunset, and no other', async () => {
  const bucket = bucketOf();
  const state = async () => (await readCatalog(bucket))?.catalog.channels[channel]?.state;
  const frozen = { status: 'frozen', since: time, reason } as const;
  expect(await setState(bucket, channel, frozen, {})).toEqual({ changed: true });
  expect(await setState(bucket, channel, { ...frozen, since: later }, {})).toEqual({ changed: false });
  expect(await state()).toEqual(frozen);
  const ending = { ...frozen, sunset: later };
  expect(await setState(bucket, channel, ending, { dryRun: true })).toEqual({ changed: true });
  expect(await state()).toEqual(frozen);
  expect(await setState(bucket, channel, ending, {})).toEqual({ changed: true });
  expect(await state()).toEqual(ending);
  expect(await setState(bucket, channel, { status: 'live' }, {})).toEqual({ changed: true });
  expect(await setState(bucket, channel, { status: 'live' }, {})).toEqual({ changed: false });
});
