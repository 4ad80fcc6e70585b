import {
  CATALOG_KEY,
  Channel,
  formatJson,
  type Kind,
  type Manifest,
  type Stage,
  type Standing,
} from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { ModelBucket, ModelStore } from '../testing/model-bucket.ts';
import { freeze, restore, withdraw } from './freeze.ts';
import { promote } from './promote.ts';
import { readCatalog } from './stored.ts';

const [OLD, NEW] = [v.parse(Channel, 'nixos-26.05'), v.parse(Channel, 'nixos-26.11')];
const standing = (stage: Stage): { standing: Standing } => ({ standing: { stage, state: { status: 'live' } } });

let store: ModelStore;
let bucket: ModelBucket;

async function publish(channel: Channel, day: string, kinds: readonly Kind[]): Promise<Manifest> {
  const version = `${channel.slice('nixos-'.length)}.${day}.e17386d`;
  const published = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00.000Z`;
  const { manifest, objects } = await sampleRelease({ version, channel, size: 64, published, kinds });
  for (const [key, bytes] of objects) store.put(key, new TextDecoder().decode(bytes), bytes.length);
  return manifest;
}

/** A bucket whose one stable channel has everything. */
beforeEach(async () => {
  store = new ModelStore();
  bucket = new ModelBucket(store);
  const manifest = await publish(OLD, '20260820', ['kexec', 'iso', 'netboot']);
  store.put(CATALOG_KEY, formatJson(sampleCatalog([manifest]).catalog));
});

const entryOf = async (channel: Channel) => (await readCatalog(bucket))?.catalog.channels[channel];
const all = ['iso', 'netboot'].flatMap((kind) => ['x86_64', 'aarch64'].map((arch) => `${kind}/${arch}/interactive`));

describe('the first release of a channel', () => {
  it('as a beta moves no alias, so it may lack what it likes', async () => {
    const manifest = await publish(NEW, '20261120', ['kexec']);
    expect(await promote(bucket, manifest, standing('beta'))).toMatchObject({ outcome: 'promoted', stage: 'beta' });
    expect(await entryOf(NEW)).toMatchObject({ stage: 'beta', state: { status: 'live' } });
  });

  it('as a stable one is refused where latest would lose images, with how to mean it', async () => {
    const manifest = await publish(NEW, '20261120', ['kexec']);
    const refused = promote(bucket, manifest, standing('stable'));
    await expect(refused).rejects.toThrow(`latest would mean ${manifest.version}, which has no iso x86_64 interactive`);
    await expect(refused).rejects.toMatchObject({
      remedy: expect.stringContaining(all.map((image) => `--drop-image ${image}`).join(' ')),
    });
    expect(await entryOf(NEW)).toBeUndefined();
  });

  it('as a stable one goes through where that is meant, and the week after needs nobody to say it again', async () => {
    const first = await publish(NEW, '20261120', ['kexec']);
    const { images } = await publish(NEW, '20261121', ['iso', 'netboot']);
    await promote(bucket, first, { ...standing('stable'), dropImages: images });
    const second = await publish(NEW, '20261127', ['kexec']);
    expect(await promote(bucket, second, standing('stable'))).toMatchObject({ outcome: 'promoted' });
  });
});

describe('release day', () => {
  it('is a change of stage: the beta that is there becomes what latest means, unless images are missing', async () => {
    const young = await publish(NEW, '20261120', ['kexec']);
    await promote(bucket, young, standing('beta'));
    await expect(promote(bucket, young, standing('stable'))).rejects.toThrow('latest would mean');
    const whole = await publish(NEW, '20261127', ['kexec', 'iso', 'netboot']);
    await promote(bucket, whole, standing('beta'));
    expect(await promote(bucket, whole, standing('stable'))).toMatchObject({ outcome: 'staged', stage: 'stable' });
    expect(await promote(bucket, whole, standing('stable'))).toMatchObject({ outcome: 'already-there' });
    expect(await entryOf(NEW)).toMatchObject({ stage: 'stable', promoted: (await entryOf(NEW))?.promoted });
  });
});

describe('a later release that lacks an image of the one before', () => {
  it('is refused too: its own channel is what latest means', async () => {
    const smaller = await publish(OLD, '20260827', ['kexec', 'iso']);
    await expect(promote(bucket, smaller, standing('stable'))).rejects.toThrow(
      /which has no netboot x86_64 interactive/,
    );
  });
});

describe('the end of a channel', () => {
  it('is a way there and back: frozen, withdrawn, and live again', async () => {
    await freeze(bucket, OLD, { reason: 'ended' });
    expect(await entryOf(OLD)).toMatchObject({ stage: 'frozen', state: { status: 'frozen', reason: 'ended' } });
    await withdraw(bucket, OLD, { reason: 'do not install it' });
    expect(await entryOf(OLD)).toMatchObject({ stage: 'withdrawn', state: { reason: 'do not install it' } });
    // The weekly run freezes what the config says is frozen: that does not bring it back.
    await freeze(bucket, OLD, { reason: 'ended' });
    expect(await entryOf(OLD)).toMatchObject({ stage: 'withdrawn' });
    const next = await publish(OLD, '20260827', ['kexec', 'iso', 'netboot']);
    await expect(promote(bucket, next, standing('stable'))).rejects.toThrow('nixos-26.05 is withdrawn.');
    await restore(bucket, OLD, { stage: 'stable', state: { status: 'live' } });
    expect(await promote(bucket, next, standing('stable'))).toMatchObject({ outcome: 'promoted' });
  });
});
