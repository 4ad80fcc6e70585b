import { createHash } from 'node:crypto';
import {
  formatJson,
  type Manifest,
  type NetbootImage,
  releaseKey,
  sha256Sums,
  signatureKey,
} from '@nixos-images/shared';
import { type SampleRelease, sampleRelease } from '@nixos-images/shared/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { commentOf, generateKey, parseSigningKey, signatureFault } from '../sign/minisign.ts';
import { ModelBucket, ModelStore } from '../testing/model-bucket.ts';
import { attachSignatures } from './attach.ts';
import { ReleaseCheck } from './check.ts';

const key = parseSigningKey(generateKey().secret);

let release: SampleRelease;
let image: NetbootImage;
let store: ModelStore;
let bucket: ModelBucket;

beforeEach(async () => {
  release = await sampleRelease({
    version: '26.05.20260820.e17386d',
    channel: 'nixos-26.05',
    size: 1001,
    published: '2026-08-20T00:00:00.000Z',
    kinds: ['netboot'],
  });
  const [first] = release.manifest.images;
  if (first?.kind !== 'netboot') throw new Error('the sample release has no such image');
  image = first;
  store = new ModelStore();
  for (const [name, bytes] of release.objects) store.put(name, new TextDecoder().decode(bytes), bytes.length);
  // The model holds texts; blobs are bytes.
  bucket = new ModelBucket(store);
  bucket.open = async (name) => {
    const bytes = release.objects.get(name);
    return (
      bytes &&
      (async function* () {
        yield bytes;
      })()
    );
  };
});

async function problems(deep: boolean): Promise<string[]> {
  const check = new ReleaseCheck(bucket, { keys: [key], deep });
  await check.release(release.manifest.version);
  // Nothing is told here of how it was made.
  return check.problems.filter(({ object }) => !object.includes('provenance')).map(({ problem }) => problem);
}

async function sign(manifest: Manifest): Promise<void> {
  const text = formatJson(manifest);
  store.put(releaseKey(manifest.version, 'manifest.json'), text);
  store.put(releaseKey(manifest.version, 'SHA256SUMS'), sha256Sums(manifest));
  await attachSignatures(key, new Map())(bucket, { manifest, unknown: [], text });
}

describe('the EFI file of a release, which is nowhere stored', () => {
  it('is signed as a whole, also when its parts are kept from an earlier release and only in the bucket', async () => {
    await sign(release.manifest);
    const file = image.efi?.whole;
    if (file === undefined) throw new Error('the sample image has no EFI file');
    const blobs = [image.efi?.head, image.files.kernel, image.files.initrd].map(
      (part) => release.objects.get(`blobs/sha256/${part?.sha256}`) ?? new Uint8Array(),
    );
    const hash = createHash('blake2b512');
    for (const bytes of blobs) hash.update(bytes).update(Buffer.alloc((512 - (bytes.length % 512)) % 512));
    const { text = '' } = (await bucket.read(signatureKey(release.manifest.version, file.name))) ?? {};
    const signed = { comment: commentOf(file, release.manifest.version), blake2b: hash.digest('hex') };
    expect(signatureFault([key], text, signed)).toBeUndefined();
    expect(await problems(true)).toEqual([]);
    expect(await problems(false)).toEqual([]);
  });

  it('is found by verify --deep where its parts make something else', async () => {
    await sign(release.manifest);
    const [other] = release.manifest.images.slice(1);
    if (image.efi === undefined || other?.kind !== 'netboot' || other.efi === undefined) throw new Error('no others');
    const swapped = {
      ...image,
      efi: { head: image.efi.head, whole: { ...other.efi.whole, name: image.efi.whole.name } },
    };
    const manifest = { ...release.manifest, images: [swapped, ...release.manifest.images.slice(1)] };
    store.put(releaseKey(manifest.version, 'manifest.json'), formatJson(manifest));
    expect(await problems(true)).toContain(`${image.efi.whole.name} is not what its head, kernel and initrd make`);
  });
});
