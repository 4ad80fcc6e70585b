import { env } from 'cloudflare:workers';
import { blobKey } from '@nixos-images/shared';
import type { SampleRelease } from '@nixos-images/shared/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { countingBucket } from './testing/index.ts';
import { type Ask, publishSample, startEdge } from './testing/sample-edge.ts';

describe('operations on the bucket', () => {
  let release: SampleRelease;
  let operations: string[];
  let ask: Ask;

  beforeEach(async () => {
    release = await publishSample();
    const counted = countingBucket(env.BUCKET);
    operations = counted.operations;
    ask = startEdge({ bucket: counted.bucket });
    // Reads the catalog and the boot record; then whether the image is signed.
    await (await ask('/kexec/x86_64.json')).arrayBuffer();
    await (await ask('/')).arrayBuffer();
    operations.length = 0;
  });

  const sha256 = () => {
    const image = release.manifest.images.find(({ kind, arch }) => kind === 'kexec' && arch === 'x86_64');
    return image?.kind === 'kexec' ? image.files.tarball.sha256 : undefined;
  };

  it.each([
    ['a script', '/netboot/x86_64.ipxe', {}],
    ['the script for every machine', '/boot.ipxe', {}],
    ['the kernel command line', '/netboot/x86_64/cmdline', {}],
    ['a checksum', '/kexec/x86_64.sha256', {}],
    ['facts', '/kexec/x86_64.json', {}],
    ['the catalog', '/v1/catalog.json', {}],
    ['a release', '/v1/releases/26.05.20260820.e17386d.json', {}],
    ['the front page', '/', {}],
    ['HEAD', '/kexec/x86_64', { method: 'HEAD' }],
    ['a range outside', '/kexec/x86_64', { headers: { Range: 'bytes=5000-' } }],
    ['what does not exist', '/kexec/riscv64', {}],
  ])('there are none for %s once it is warm', async (_, path, init) => {
    const response = await ask(path, init);
    await response.arrayBuffer();
    expect(operations).toEqual([]);
  });

  it('there are none for 304', async () => {
    const response = await ask('/kexec/x86_64', { headers: { 'If-None-Match': `"${sha256()}"` } });
    expect(response.status).toBe(304);
    expect(operations).toEqual([]);
  });

  it.each([
    ['body', {}, 200],
    ['range', { headers: { Range: 'bytes=10-19' } }, 206],
  ])('there is exactly one for a %s', async (_, init, status) => {
    const response = await ask('/kexec/x86_64', init);
    expect(response.status).toBe(status);
    await response.arrayBuffer();
    const digest = sha256();
    expect(operations).toEqual(digest === undefined ? [] : [`get ${blobKey(digest)}`]);
  });

  it('there are two for the very first body', async () => {
    const cold = countingBucket(env.BUCKET);
    await (await startEdge({ bucket: cold.bucket })('/kexec/x86_64')).arrayBuffer();
    expect(cold.operations).toHaveLength(2);
  });

  it('that find a blob missing or short give a 502 before any byte', async () => {
    const digest = sha256();
    expect(digest).toBeDefined();
    if (digest === undefined) return;
    const key = blobKey(digest);
    await env.BUCKET.put(key, new Uint8Array(100));
    expect((await ask('/kexec/x86_64')).status).toBe(502);
    expect((await ask('/kexec/x86_64', { headers: { Range: 'bytes=0-9' } })).status).toBe(502);
    expect((await ask('/kexec/x86_64', { headers: { Range: 'bytes=1000-' } })).status).toBe(502);
    await env.BUCKET.delete(key);
    const response = await ask('/kexec/x86_64');
    expect(response.status).toBe(502);
    expect(await response.text()).not.toContain('blobs/');
  });
});
