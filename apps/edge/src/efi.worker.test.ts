import { env } from 'cloudflare:workers';
import { blobKey, Catalog, type NetbootImage, parseUnifiedKernelHead } from '@nixos-images/shared';
import { type SampleRelease, sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { type CountingBucket, countingBucket } from './testing/index.ts';
import { type Ask, startEdge } from './testing/sample-edge.ts';

const VERSION = '26.05.20260820.e17386d';
const PATH = '/netboot/x86_64.efi';
/** No multiple of 512: the parts are padded. */
const SIZE = 5001;
const KEY = `ssh-ed25519 ${btoa('\0\0\0\x0bssh-ed25519\0\0\0 0123456789abcdef0123456789abcdef')} alice`;
const base64url = (text: string) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const WITH = `/with/key:${base64url(KEY)},cmdline:${base64url('quiet panic=10')}`;

let release: SampleRelease;
let image: NetbootImage;
let bucket: CountingBucket;
let ask: Ask;

async function publish(without: readonly string[] = []): Promise<void> {
  for (const [key, bytes] of release.objects) await env.BUCKET.put(key, bytes);
  const { key, bytes } = sampleCatalog([release.manifest]);
  const catalog = JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), (name, value) =>
    without.includes(name) ? undefined : value,
  );
  v.parse(Catalog, JSON.parse(catalog));
  await env.BUCKET.put(key, catalog);
}

beforeEach(async () => {
  release = await sampleRelease({
    version: VERSION,
    channel: 'nixos-26.05',
    size: SIZE,
    published: '2026-08-20T00:00:00.000Z',
    kinds: ['kexec', 'iso', 'netboot'],
  });
  const found = release.manifest.images.find(({ kind, arch }) => kind === 'netboot' && arch === 'x86_64');
  if (found?.kind !== 'netboot') throw new Error('the sample release has no such image');
  image = found;
  bucket = countingBucket(env.BUCKET);
  ask = startEdge({ bucket: bucket.bucket });
});

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const text = async (path: string) => (await ask(path)).text();

/** The parts, each filled up with zeros to a multiple of 512. */
function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const padded = (size: number) => Math.ceil(size / 512) * 512;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + padded(length), 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += padded(part.length);
  }
  return whole;
}

const blob = (file: { readonly sha256: NetbootImage['files']['kernel']['sha256'] } | undefined) =>
  (file && release.objects.get(blobKey(file.sha256))) ?? new Uint8Array();

describe('the EFI file of a netboot image', () => {
  beforeEach(() => publish());

  it('is head, kernel and initrd, as firmware wants to have it, and each is read once', async () => {
    const { kernel, initrd } = image.files;
    const response = await ask(PATH);
    const bytes = await bytesOf(response);
    expect(bytes).toEqual(joined(blob(image.efi?.head), blob(kernel), blob(initrd)));
    expect(bytes).toHaveLength(image.efi?.whole.size ?? 0);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      etag: `"${image.efi?.whole.sha256}"`,
      'content-type': 'application/efi',
      'content-length': `${bytes.length}`,
      'content-location': `/netboot@${VERSION}/x86_64/interactive.efi`,
      'content-disposition': `attachment; filename="smoke-netboot-${VERSION}-x86_64-interactive.efi"`,
      'repr-digest': expect.stringMatching(/^sha-256=:/),
    });
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    expect(digest.toHex()).toBe(image.efi?.whole.sha256);
    expect(bucket.operations.filter((operation) => operation.startsWith('get blobs/'))).toEqual(
      [image.efi?.head, kernel, initrd].map((file) => `get ${file && blobKey(file.sha256)}`),
    );
  });

  it('is given in parts that are the same bytes, and no blob is read for what is not asked of it', async () => {
    const whole = await bytesOf(await ask(PATH));
    const kernelAt = image.efi?.head.size ?? 0;
    const initrdAt = whole.length - 5120;
    for (const [from, to] of [
      [0, 0],
      [kernelAt - 1, kernelAt],
      [kernelAt + SIZE - 1, initrdAt],
      [initrdAt - 3, initrdAt - 1],
      [10, whole.length - 1],
    ] as const) {
      const part = await ask(PATH, { headers: { Range: `bytes=${from}-${to}` } });
      expect(part.status).toBe(206);
      expect(await bytesOf(part)).toEqual(whole.subarray(from, to + 1));
    }
    bucket.operations.length = 0;
    await bytesOf(await ask(PATH, { headers: { Range: `bytes=${initrdAt}-` } }));
    expect(bucket.operations).toEqual([`get ${blobKey(image.files.initrd.sha256)}`]);
    bucket.operations.length = 0;
    expect((await ask(PATH, { method: 'HEAD' })).headers.get('Content-Length')).toBe(`${whole.length}`);
    expect((await ask(PATH, { headers: { 'If-None-Match': `"${image.efi?.whole.sha256}"` } })).status).toBe(304);
    expect(bucket.operations).toEqual([]);
  });

  it('is a file of its release like every other', async () => {
    const name = image.efi?.whole.name;
    const pinned = await ask(`/releases/${VERSION}/${name}`);
    expect(await bytesOf(pinned)).toEqual(await bytesOf(await ask(PATH)));
    expect(pinned.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable');
    expect(await text(`/releases/${VERSION}/SHA256SUMS`)).toContain(`${image.efi?.whole.sha256}  ${name}\n`);
    expect(await text(`/releases/${VERSION}/${name}.sha256`)).toBe(`${image.efi?.whole.sha256}  ${name}\n`);
    expect(await text(`${PATH}.sha256`)).toBe(`${image.efi?.whole.sha256}  x86_64.efi\n`);
    expect(JSON.parse(await text(`${PATH}.json`))).toMatchObject({
      file: { name, sha256: image.efi?.whole.sha256, size: image.efi?.whole.size, mediaType: 'application/efi' },
    });
    const listing = await ask(`/releases/${VERSION}/`, { headers: { Accept: 'text/html' } });
    expect(await listing.text()).toContain(`/releases/${VERSION}/${name}"`);
  });

  it('with a customisation is the same but for what its head says and what follows the initrd', async () => {
    const plain = parseUnifiedKernelHead(blob(image.efi?.head));
    bucket.operations.length = 0;
    const response = await ask(`${WITH}${PATH}`);
    const bytes = await bytesOf(response);
    const head = bytes.subarray(0, image.efi?.head.size);
    const read = parseUnifiedKernelHead(head);
    expect(read).toMatchObject({
      stub: plain.stub,
      osRelease: plain.osRelease,
      commandLine: `${plain.commandLine} quiet panic=10`,
      kernelSize: SIZE,
    });
    const archiveAt = Math.ceil(SIZE / 4) * 4;
    const initrd = bytes.subarray(head.length + 5120, head.length + 5120 + read.initrdSize);
    expect(initrd.subarray(0, SIZE)).toEqual(blob(image.files.initrd));
    expect(bytes).toEqual(joined(head, blob(image.files.kernel), initrd));
    const archive = new TextDecoder().decode(initrd.subarray(archiveAt));
    expect(archive).toMatch(/^070701/);
    expect(archive).toContain(`${KEY}\n`);
    expect(response.headers.get('ETag')).not.toContain(image.efi?.whole.sha256);
    expect(response.headers.get('Repr-Digest')).toBeNull();
    expect(bucket.operations.filter((operation) => operation.startsWith('get blobs/'))).toHaveLength(3);
    const from = head.length + 5120 + SIZE - 2;
    const rest = await ask(`${WITH}${PATH}`, { headers: { Range: `bytes=${from}-` } });
    expect(await bytesOf(rest)).toEqual(bytes.subarray(from));
  });

  it('breaks off where a part is missing, and is an error where nothing was sent yet', async () => {
    await env.BUCKET.delete(blobKey(image.files.initrd.sha256));
    await expect(bytesOf(await ask(PATH))).rejects.toThrow();
    await env.BUCKET.delete(`${image.efi && blobKey(image.efi.head.sha256)}`);
    expect((await ask(PATH)).status).toBe(502);
  });
});

it('an image that has no EFI file says what it has', async () => {
  await publish(['efi']);
  for (const path of [PATH, `${PATH}.json`, '/netboot/x86_64/head', `${WITH}${PATH}`]) {
    const response = await ask(path);
    expect([path, response.status]).toEqual([path, 404]);
    const said = await response.text();
    expect(said).toContain('without EFI files');
    expect(said).toContain(`/netboot@${VERSION}/x86_64/interactive/kernel`);
  }
});
