import { CATALOG_KEY, Channel, formatJson, type Manifest, releaseKey, type Version } from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { ModelBucket, ModelStore } from '../testing/model-bucket.ts';
import { collect } from './collect.ts';
import { freeze } from './freeze.ts';
import { promote } from './promote.ts';
import { rollback } from './rollback.ts';

const channel = v.parse(Channel, 'nixos-26.05');
const DAY = 24 * 60 * 60 * 1000;

let store: ModelStore;
let bucket: ModelBucket;
let older: Manifest;
let newer: Manifest;

/** Two releases of one channel in the bucket, which is at the older one. */
beforeEach(async () => {
  store = new ModelStore();
  bucket = new ModelBucket(store);
  const releases = await Promise.all(
    ['20260820', '20260827'].map((day) => {
      const published = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00.000Z`;
      return sampleRelease({ version: `26.05.${day}.e17386d`, channel, size: 64, published });
    }),
  );
  for (const { objects } of releases) {
    for (const [key, bytes] of objects) store.put(key, new TextDecoder().decode(bytes), bytes.length);
  }
  const [first, second] = releases;
  if (first === undefined || second === undefined) throw new Error('two releases were made');
  older = first.manifest;
  newer = second.manifest;
  store.put(CATALOG_KEY, formatJson(sampleCatalog([older]).catalog));
});

/** Changes the text of an object as a newer version might have written it. */
function rewrite(key: string, from: string | RegExp, to: string): void {
  const text = store.objects.get(key)?.text ?? '';
  expect(text).toMatch(from);
  store.put(key, text.replace(from, to));
}
const catalogText = () => store.objects.get(CATALOG_KEY)?.text ?? '';
const manifestKey = (version: Version) => releaseKey(version, 'manifest.json');

const WRITERS: [string, () => Promise<unknown>][] = [
  ['promote', () => promote(bucket, newer)],
  ['freeze', () => freeze(bucket, channel, { reason: 'ended' })],
];

describe('an older builder', () => {
  it.each(WRITERS)('keeps what a newer one wrote beside what it changes: %s', async (_, write) => {
    rewrite(CATALOG_KEY, '"channels": {', '"motto": "x", "channels": { "nixos-lts": { "of": "tomorrow" },');
    rewrite(CATALOG_KEY, '"state": {', '"weather": "fine", "state": {');
    await write();
    expect(JSON.parse(catalogText())).toMatchObject({
      generation: 2,
      motto: 'x',
      channels: { 'nixos-lts': { of: 'tomorrow' }, [channel]: { weather: 'fine' } },
    });
  });

  it('keeps an image that it does not know when it freezes its channel', async () => {
    rewrite(CATALOG_KEY, '"kind": "kexec"', '"kind": "floppy"');
    await freeze(bucket, channel, { reason: 'ended' });
    expect(catalogText()).toContain('"floppy"');
    expect(JSON.parse(catalogText()).channels[channel].state.status).toBe('frozen');
  });

  it('gives a channel the manifest of another release whole, and nothing of the former one', async () => {
    rewrite(CATALOG_KEY, '"smoke": true', '"smoke": true, "mood": "of the former"');
    await promote(bucket, newer);
    expect(JSON.parse(catalogText()).channels[channel].current).toEqual(JSON.parse(JSON.stringify(newer)));
  });

  it('refuses to write over a channel that it does not understand', async () => {
    rewrite(CATALOG_KEY, '"status": "live"', '"status": "paused"');
    const before = catalogText();
    await expect(promote(bucket, newer)).rejects.toThrow(/says something at channels\.nixos-26\.05/);
    expect(catalogText()).toBe(before);
  });

  it('refuses to go back to a release of which it does not know all', async () => {
    await promote(bucket, newer);
    rewrite(manifestKey(older.version), '"kind": "iso"', '"kind": "floppy"');
    await expect(rollback(bucket, channel, undefined, {})).rejects.toThrow(/"floppy"/);
  });

  it.each<[string, () => void]>([
    [
      'a role',
      () =>
        rewrite(
          manifestKey(newer.version),
          '"tarball": {',
          `"store": { "sha256": "${'ab'.repeat(32)}" }, "tarball": {`,
        ),
    ],
    ['a kind', () => rewrite(manifestKey(older.version), '"kind": "kexec"', '"kind": "floppy"')],
    [
      'a field of the catalog',
      () => rewrite(CATALOG_KEY, '"channels": {', '"pinned": ["26.05.20260801.0000000"], "channels": {'),
    ],
  ])('deletes nothing while anything in the bucket has %s that it does not know', async (_, change) => {
    await promote(bucket, newer);
    store.now += 400 * DAY;
    const garbage = `blobs/sha256/${'ab'.repeat(32)}`;
    store.put(garbage, 'bytes of a role of tomorrow');
    store.now += 400 * DAY;
    change();
    const before = [...store.objects.keys()];
    const retention = new Map([[channel, { releases: 4, days: 60 }]]);
    await expect(collect(bucket, { retention, grace: DAY })).rejects.toThrow(/that this builder does not know/);
    expect([...store.objects.keys()]).toEqual(before);
  });
});
