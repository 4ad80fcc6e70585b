import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalEdge, startLocalEdge } from '@nixos-images/local-edge';
import { filesOf, type Manifest, releaseKey, signatureKey } from '@nixos-images/shared';
import { commentOf, generateKey, type PublicKey, parseSigningKey, signatureOf } from 'nixos-images/sign';
import { type Problem, ReleaseCheck, type S3Bucket } from 'nixos-images/store';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyBucket, openBucket } from './open-bucket.ts';
import { makeSample, publishSample, sampleKey } from './sample.ts';

let folder: string;
let localEdge: LocalEdge;
let bucket: S3Bucket;
let manifest: Manifest;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-verify-'));
  localEdge = await startLocalEdge({ host: '127.0.0.1', port: 0, state: join(folder, 'bucket'), onLog: () => {} });
  bucket = openBucket(new URL(localEdge.s3.endpoint));
});
afterAll(async () => {
  await localEdge.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  await emptyBucket(bucket);
  const sample = await makeSample(folder, { date: '20260401', initrdSize: 65_536 });
  manifest = (await publishSample(bucket, sample)).manifest;
});

const key = sampleKey();

async function problems(deep: boolean, keys: readonly PublicKey[] = [key]): Promise<readonly Problem[]> {
  const check = new ReleaseCheck(bucket, { keys, deep });
  await check.release(manifest.version);
  // Samples are made up, not built, so nothing says what they were built of.
  return check.problems.filter(({ object }) => !object.endsWith('/provenance.json'));
}

async function overwrite(object: string, text: string): Promise<void> {
  await bucket.write(object, text, { contentType: 'text/plain', cacheControl: 'no-cache' });
}

function twoFiles() {
  const [first, second] = manifest.images.flatMap(filesOf).map(({ file }) => file);
  if (first === undefined || second === undefined) throw new Error('the sample has two files');
  return { first, second };
}

describe('verify, of signatures', () => {
  it.each([false, true])('finds nothing wrong with a release as it was published (deep: %s)', async (deep) => {
    expect(await problems(deep)).toEqual([]);
  });

  it.each([false, true])('finds a file’s signature by a key that is not trusted (deep: %s)', async (deep) => {
    const { first } = twoFiles();
    const object = signatureKey(manifest.version, first.name);
    const stranger = parseSigningKey(generateKey().secret);
    await overwrite(object, signatureOf(stranger, '00'.repeat(64), commentOf(first, manifest.version)));
    expect(await problems(deep)).toEqual([{ object, problem: expect.stringContaining('does not list') }]);
  });

  it.each([false, true])('finds the signature of another file in a file’s place (deep: %s)', async (deep) => {
    const { first, second } = twoFiles();
    const other = await bucket.read(signatureKey(manifest.version, second.name));
    const object = signatureKey(manifest.version, first.name);
    await overwrite(object, other?.text ?? '');
    expect(await problems(deep)).toEqual([{ object, problem: expect.stringContaining('vouches for something else') }]);
  });

  it.each([false, true])('finds a comment that was changed to fit (deep: %s)', async (deep) => {
    const { first, second } = twoFiles();
    const other = await bucket.read(signatureKey(manifest.version, second.name));
    const object = signatureKey(manifest.version, first.name);
    const [from, to] = [second, first].map((file) => commentOf(file, manifest.version));
    await overwrite(object, (other?.text ?? '').replace(from ?? '', to ?? ''));
    expect(await problems(deep)).toEqual([{ object, problem: 'has a forged comment' }]);
  });

  it('finds with --deep alone that a trusted key signed other bytes: minisign signs a hash that only the bytes give', async () => {
    const { first } = twoFiles();
    const object = signatureKey(manifest.version, first.name);
    await overwrite(object, signatureOf(key, '00'.repeat(64), commentOf(first, manifest.version)));
    expect(await problems(false)).toEqual([]);
    expect(await problems(true)).toEqual([{ object, problem: 'does not fit the file' }]);
  });

  it('finds a signature that is gone, and one of the manifest that belongs to another release', async () => {
    const { first } = twoFiles();
    const gone = signatureKey(manifest.version, first.name);
    await bucket.remove(gone);
    const later = await publishSample(bucket, await makeSample(folder, { date: '20260402', initrdSize: 65_536 }));
    const foreign = await bucket.read(releaseKey(later.manifest.version, 'manifest.json.minisig'));
    const object = releaseKey(manifest.version, 'manifest.json.minisig');
    await overwrite(object, foreign?.text ?? '');
    expect(await problems(false)).toEqual([
      { object, problem: expect.stringContaining('vouches for something else') },
      { object: gone, problem: 'is missing' },
    ]);
  });
});

it('accepts a manifest whose members stand in another order, and finds one with members that nobody knows', async () => {
  const object = releaseKey(manifest.version, 'manifest.json');
  const { channel, ...rest } = manifest;
  await overwrite(object, JSON.stringify({ channel, ...rest }));
  expect(await problems(false, [])).toEqual([]);
  await overwrite(object, JSON.stringify({ ...manifest, colour: 'blue' }));
  expect(await problems(false, [])).toEqual([{ object, problem: 'has fields that this builder does not know' }]);
});
