import { env } from 'cloudflare:workers';
import { blobKey, CATALOG_KEY, filesOf, releaseKey } from '@nixos-images/shared';
import { type SampleRelease, sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ask, startEdge } from './testing/sample-edge.ts';

const VERSION = '26.05.20260820.e17386d';

let release: SampleRelease;
let older: SampleRelease;
let log: Record<string, unknown>[];
let ask: Ask;

const health = async (settings?: Record<string, string>) => {
  const response = await ask('/healthz', {}, settings);
  const told: { bucket: string; reasons: string[] } = await response.json();
  return { status: response.status, bucket: told.bucket, reasons: told.reasons.join('\n') };
};
const restart = () => {
  log = [];
  ask = startEdge({ log: (line) => log.push(JSON.parse(line)) });
};

/** Writes the catalog of both releases, as somebody's newer version might have. */
async function publish(change: (text: string) => string = (text) => text): Promise<void> {
  await env.BUCKET.put(CATALOG_KEY, change(JSON.stringify(sampleCatalog([release.manifest, older.manifest]).catalog)));
}

beforeEach(async () => {
  const published = new Date().toISOString();
  release = await sampleRelease({ version: VERSION, channel: 'nixos-26.05', size: 4096, published });
  older = await sampleRelease({ version: '25.11.20260820.e17386d', channel: 'nixos-25.11', size: 2048, published });
  for (const [key, bytes] of [...release.objects, ...older.objects]) await env.BUCKET.put(key, bytes);
  restart();
});

afterEach(() => vi.restoreAllMocks());

describe('a catalog with a word of tomorrow', () => {
  // Each changes the first place only, which is in nixos-26.05.
  it.each<[string, string, string, string]>([
    ['a kind', '"kind":"kexec"', '"kind":"floppy"', 'nixos-26.05.current.images.0.kind'],
    ['an architecture', '"arch":"aarch64"', '"arch":"riscv64"', '.arch'],
    ['an origin', '"from":"nix"', '"from":"guix"', '.origin.from'],
    ['a state', '"status":"live"', '"status":"paused"', 'nixos-26.05.state.status'],
    ['a channel', '"channels":{', '"channels":{"nixos-lts":{},', 'channels.nixos-lts'],
  ])('such as %s is served as far as it is understood, and log and health say the rest', async (_, from, to, where) => {
    await publish((text) => text.replace(from, to));
    const response = await ask('/kexec@25.11/x86_64.sha256');
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('25.11.20260820.e17386d')]);
    expect(String(log.at(-1)?.['unknown'])).toContain(where);
    const told = await health();
    expect(told).toMatchObject({ status: 503, bucket: 'reachable' });
    expect(told.reasons).toContain(where);
  });

  it('such as a new field is not a fault', async () => {
    await publish((text) => text.replace('"smoke":', '"weather":"fine","smoke":'));
    expect((await ask('/kexec/x86_64.sha256')).status).toBe(200);
    expect(await health()).toMatchObject({ status: 200, reasons: '' });
  });

  it('in a boot record leaves out the test alone', async () => {
    await publish();
    const test = { kind: 'kexec', arch: 'x86_64', variant: 'noninteractive', outcome: 'booted', seconds: 14 };
    const record = { schema: 1, version: VERSION, time: '2026-08-21T00:00:00.000Z', gate: 'run', tools: {} };
    const tests = [
      { ...test, path: 'kexec' },
      { ...test, path: 'kexec-by-post' },
    ];
    await env.BUCKET.put(releaseKey(release.manifest.version, 'boot.json'), JSON.stringify({ ...record, tests }));
    const response = await ask('/kexec/x86_64.json');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ boot: { tests: [{ path: 'kexec' }] } });
  });
});

describe('a catalog that is none, or follows another schema', () => {
  it.each([
    ['{"schema": 2}', 'catalog.json has schema 2; this version knows 1'],
    ['{"schema": 1', 'catalog.json is not JSON'],
    ['{"schema": 1, "channels": {}}', 'catalog.json is malformed'],
  ])('such as %s is told apart from a bucket that fails', async (text, why) => {
    await env.BUCKET.put(CATALOG_KEY, text);
    const response = await ask('/kexec/x86_64');
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('/healthz says why')]);
    expect(log.at(-1)).toMatchObject({ catalog: 'unreadable', fault: expect.stringContaining(why) });
    const told = await health();
    expect(told).toMatchObject({ status: 503, bucket: 'unreadable', reasons: expect.stringContaining(why) });
  });

  it('leaves an edge with the one that it holds, and the header says why', async () => {
    await publish();
    await ask('/kexec/x86_64.sha256');
    await env.BUCKET.put(CATALOG_KEY, '{"schema": 2}');
    const response = await ask('/kexec/x86_64.sha256', {}, { CATALOG_WAIT_SECONDS: '0' });
    expect(response.status).toBe(200);
    expect(response.headers.get('Cache-Status')).toContain('detail=catalog-unreadable');
    expect(log.at(-1)).toMatchObject({ catalog: 'stale', fault: expect.stringContaining('schema 2') });
  });

  it('is not one that begins with a byte order mark', async () => {
    await env.BUCKET.put(CATALOG_KEY, `\uFEFF${JSON.stringify(sampleCatalog([release.manifest]).catalog)}`);
    expect((await ask('/kexec/x86_64.sha256')).status).toBe(200);
  });
});

describe('a release that cannot be downloaded', () => {
  const blobsOfRelease = () => release.manifest.images.flatMap(filesOf).map(({ file }) => blobKey(file.sha256));

  beforeEach(() => publish());

  it('makes health say so, though every fact of it is known', async () => {
    expect(await health()).toMatchObject({ status: 200 });
    for (const key of blobsOfRelease()) await env.BUCKET.delete(key);
    restart();
    expect((await ask('/kexec/x86_64.sha256')).status).toBe(200);
    const told = await health();
    expect(told).toMatchObject({
      status: 503,
      reasons: expect.stringMatching(/^nixos-26\.05 cannot be downloaded: \S+ is not in/),
    });
  });

  it('makes health say so where blobs come from elsewhere and that is not there', async () => {
    const told = await health({ BLOB_ORIGIN: 'http://127.0.0.1:9' });
    expect(told).toMatchObject({ status: 503, reasons: expect.stringContaining('cannot be reached') });
  });

  it('is read of once a minute by health, not at every look', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(Date.now());
    restart();
    await health();
    for (const key of blobsOfRelease()) await env.BUCKET.delete(key);
    expect(await health()).toMatchObject({ status: 200 });
  });

  it('is not promised by HEAD once a GET failed', async () => {
    for (const key of blobsOfRelease()) await env.BUCKET.delete(key);
    expect((await ask('/kexec/x86_64')).status).toBe(502);
    expect((await ask('/kexec/x86_64', { method: 'HEAD' })).status).toBe(502);
    for (const [key, bytes] of release.objects) await env.BUCKET.put(key, bytes);
    await (await ask('/kexec/x86_64')).arrayBuffer();
    expect((await ask('/kexec/x86_64', { method: 'HEAD' })).status).toBe(200);
  });

  it('is what a catalog without channels means', async () => {
    await publish((text) => JSON.stringify({ ...JSON.parse(text), channels: {} }));
    expect(await health()).toMatchObject({ status: 503, reasons: expect.stringContaining('nothing to download') });
  });
});
