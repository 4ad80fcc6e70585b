import { env } from 'cloudflare:workers';
import { Catalog, formatJson, releaseKey } from '@nixos-images/shared';
import { type SampleRelease, sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { countingBucket } from './testing/index.ts';
import { startEdge } from './testing/sample-edge.ts';

const VERSION = '26.05.20260820.e17386d';
const STATE = {
  status: 'frozen',
  since: '2026-11-01T00:00:00.000Z',
  reason: 'NixOS 26.05 is no longer maintained',
  sunset: '2027-05-01T00:00:00.000Z',
} as const;
const CUSTOMISED = `/with/cmdline:${btoa('panic=10')}`;

let release: SampleRelease;
let log: Record<string, unknown>[];
let points: AnalyticsEngineDataPoint[];
let ask: (path: string, init?: RequestInit, downloads?: AnalyticsEngineDataset) => Promise<Response>;

/** Writes the release, its channel live or ended. */
async function publish(state?: typeof STATE): Promise<void> {
  for (const [key, bytes] of release.objects) await env.BUCKET.put(key, bytes);
  const { key, catalog } = sampleCatalog([release.manifest]);
  const channels = Object.fromEntries(
    Object.entries(catalog.channels).map(([name, entry]) => [name, { ...entry, state: state ?? entry.state }]),
  );
  await env.BUCKET.put(key, formatJson(v.parse(Catalog, { ...catalog, channels })));
}

beforeEach(async () => {
  release = await sampleRelease({
    version: VERSION,
    channel: 'nixos-26.05',
    size: 4096,
    published: '2026-08-20T00:00:00.000Z',
  });
  log = [];
  points = [];
  const recorder: AnalyticsEngineDataset = { writeDataPoint: (point) => void points.push(point ?? {}) };
  const edge = startEdge({ log: (line) => log.push(JSON.parse(line)) });
  ask = (path, init, downloads = recorder) => edge(path, init, { DOWNLOADS: downloads });
});

describe('a channel that upstream ended', () => {
  beforeEach(() => publish(STATE));

  it.each(['/kexec/x86_64', '/kexec@26.05/x86_64.sha256', `/kexec@${VERSION}/x86_64`, `${CUSTOMISED}/kexec/x86_64`])(
    'is announced in the headers of %s',
    async (path) => {
      const response = await ask(path);
      await response.arrayBuffer();
      expect(response.status).toBe(200);
      expect(response.headers.get('Deprecation')).toBe(`@${Date.parse(STATE.since) / 1000}`);
      expect(response.headers.get('Sunset')).toBe('Sat, 01 May 2027 00:00:00 GMT');
    },
  );

  it('is named by .json, with the reason', async () => {
    expect(await (await ask('/kexec/x86_64.json')).json()).toMatchObject({ channel: 'nixos-26.05', state: STATE });
    expect(await (await ask(`${CUSTOMISED}/kexec/x86_64.json`)).json()).toMatchObject({ state: STATE });
  });
});

describe('the front page', () => {
  beforeEach(() => publish(STATE));

  it.each(['text/html', 'text/plain'])(
    'as %s says that a channel ended, why, and for how long it is served',
    async (Accept) => {
      const text = await (await ask('/', { headers: { Accept } })).text();
      expect(text).toContain(`frozen: ${STATE.reason}; served until 2027-05-01`);
    },
  );
});

describe('a live channel', () => {
  beforeEach(() => publish());

  it('is named so by .json, and announces nothing', async () => {
    const response = await ask('/kexec/x86_64.json');
    expect(await response.json()).toMatchObject({ state: { status: 'live' } });
    expect(response.headers.has('Deprecation')).toBe(false);
  });
});

describe('an address', () => {
  beforeEach(() => publish());
  const KEXEC = '/releases/latest/download/nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz';
  const TAGGED = '/releases/download/nixos-26.05/nixos-installer-aarch64-linux.iso';
  const ADDRESSES = [
    '/',
    '/boot.ipxe',
    '/healthz',
    '/feed.atom',
    '/openapi.json',
    '/v1/catalog.json',
    `/v1/releases/${VERSION}.json`,
    '/releases/',
    `/releases/${VERSION}/`,
    `/releases/${VERSION}/SHA256SUMS`,
    KEXEC,
    TAGGED,
    `/nix-community/nixos-images${KEXEC}`,
    `/nix-community/nixos-images${TAGGED}`,
    '/kexec/x86_64',
    '/kexec@26.05/arm64.json',
    `/netboot@${VERSION}/x86_64/kernel`,
    `${CUSTOMISED}/netboot/x86_64.ipxe`,
  ];
  const escapeFirst = (path: string) => path.replace(/\w/, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  const escapeLast = (path: string) =>
    path.replace(/[\w.](?=\/?$)/, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  const turnSlash = (path: string) => (path.endsWith('/') ? path.slice(0, -1) : `${path}/`);

  it.each(ADDRESSES)(
    'such as %s means the same with escaped letters, and with a slash at the end or without',
    async (path) => {
      // The HTML of a list redirects to the slash at its end.
      const terminal = { headers: { 'User-Agent': 'curl/8.5.0' } };
      const plain = await ask(path, terminal);
      for (const spelling of [escapeFirst(path), escapeLast(path), turnSlash(path), `/x/..${path}`]) {
        const other = await ask(spelling, terminal);
        expect([spelling, other.status]).toEqual([spelling, plain.status]);
        expect(other.headers.get('ETag')).toBe(plain.headers.get('ETag'));
        expect(other.headers.get('Content-Location')).toBe(plain.headers.get('Content-Location'));
      }
      expect(plain.status).toBe(path === '/healthz' ? 503 : 200);
    },
  );

  it.each([
    ['//kexec/x86_64', 404, 'There is nothing here.'],
    ['/kexec/x86_64//', 404, 'There is no variant.'],
    ['/boot.ipxe/kernel', 404, 'There is nothing "boot.ipxe" here.'],
    ['/v1/channels.json', 404, 'There is nothing "v1" here.'],
    ['/v1/releases/latest.json', 404, 'There is no release "latest".'],
    [`/v1/releases/${VERSION}`, 404, `There is no release "${VERSION}".`],
    ['/releases/latest', 404, 'There is no release "latest".'],
    [`/releases/${VERSION}/a/b`, 404, 'There is no file in a release.'],
    ['/releases/download/nixos-26.05/other.tar.gz', 404, 'There is no file "other.tar.gz" in a release.'],
    [TAGGED.replace('nixos-26.05', 'nixos-20.03'), 404, 'There is no channel or version "nixos-20.03".'],
    ['/nix-community/nixos-images/releases/', 404, 'There is nothing "nix-community" here.'],
    ['/with/nothing/kexec/x86_64', 400, 'The customisation in this address cannot be read'],
    ['/kexec%2fx86_64', 400, 'This address cannot be read'],
    ['/kexec/x86_64%00', 400, 'This address cannot be read'],
    ['/%2562oot.ipxe', 404, 'There is nothing here.'],
  ])('such as %s gets %d and a sentence that says what is wrong', async (path, status, sentence) => {
    const response = await ask(path);
    expect(response.status).toBe(status);
    expect((await response.text()).replaceAll('\\"', '"')).toContain(sentence);
  });
});

describe('the boot record of a release', () => {
  beforeEach(() => publish());
  const path = `/releases/${VERSION}/boot.json`;

  it('is not to be kept while the tests may still run, and for ever when they ran', async () => {
    expect((await ask(path)).headers.get('Cache-Control')).toBe('public, max-age=0, must-revalidate');
    const tests = [
      { kind: 'kexec', arch: 'x86_64', variant: 'noninteractive', path: 'kexec', outcome: 'booted', seconds: 14 },
    ];
    const record = { schema: 1, version: VERSION, time: '2026-08-21T00:00:00.000Z', gate: 'run', tools: {}, tests };
    await env.BUCKET.put(releaseKey(release.manifest.version, 'boot.json'), formatJson(record));
    const response = await startEdge()(path);
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable');
    expect(await response.json()).toMatchObject({ gate: 'run' });
  });
});

describe('a download', () => {
  beforeEach(() => publish());
  const COUNTED = {
    indexes: ['kexec-x86_64-noninteractive-nixos-26.05'],
    blobs: ['kexec', 'x86_64', 'noninteractive', 'nixos-26.05', VERSION, 'tarball'],
    doubles: [1, 4096],
  };

  it('is counted by kind, arch, variant, channel, version and part', async () => {
    await (await ask('/kexec/x86_64')).arrayBuffer();
    expect(points).toEqual([COUNTED]);
  });

  it('in parts is counted once, by its first', async () => {
    await (await ask('/kexec/x86_64', { headers: { Range: 'bytes=0-999' } })).arrayBuffer();
    await (await ask('/kexec/x86_64', { headers: { Range: 'bytes=1000-' } })).arrayBuffer();
    expect(points).toEqual([{ ...COUNTED, doubles: [1, 1000] }]);
  });

  it('is what GET of an image gives, and neither its checksum, HEAD, 304 nor an error', async () => {
    const etag = (await ask('/kexec/x86_64', { method: 'HEAD' })).headers.get('ETag') ?? '';
    await ask('/kexec/x86_64', { headers: { 'If-None-Match': etag } });
    await ask('/kexec/x86_64.sha256');
    await ask('/kexec/riscv64');
    await ask('/boot.ipxe');
    expect(points).toEqual([]);
  });

  it('that is customised counts as well, and is logged with what it resolved to', async () => {
    const response = await ask(`${CUSTOMISED}/kexec/x86_64`);
    const { length } = new Uint8Array(await response.arrayBuffer());
    expect(points).toEqual([{ ...COUNTED, doubles: [1, length] }]);
    expect(log.at(-1)).toMatchObject({ kind: 'kexec', version: VERSION, view: 'itself', status: 200, bytes: length });
  });

  it.each(['password:JHkkajlUJA', 'password%3AJHkkajlUJA', 'hostname:a,password:JHkkajlUJA==,cmdline:cXVpZXQ'])(
    'is logged without the password of %s',
    async (items) => {
      await (await ask(`/with/${items}/kexec/x86_64`)).arrayBuffer();
      expect(log.at(-1)).toMatchObject({ path: `/with/${items.replace(/JHkkajlUJA=*/, '-')}/kexec/x86_64` });
    },
  );

  it("goes through with the runtime's own dataset bound", async () => {
    const response = await ask('/kexec/x86_64', {}, env.DOWNLOADS);
    await response.arrayBuffer();
    expect(response.status).toBe(200);
    expect(log.at(-1)).not.toHaveProperty('fault');
  });
});

describe('a bucket that fails', () => {
  beforeEach(() => publish());

  it('leaves scripts, checksums, facts and pages as they were, with a header that says so, and gives 503 for bytes', async () => {
    const counting = countingBucket(env.BUCKET);
    const edge = startEdge({ bucket: counting.bucket });
    const get = (path: string) => edge(path, {}, { CATALOG_WAIT_SECONDS: '0' });
    await (await get('/kexec/x86_64.json')).arrayBuffer();
    counting.failing = true;
    for (const path of [
      '/netboot/x86_64.ipxe',
      '/kexec/x86_64.sha256',
      '/kexec/x86_64.json',
      '/v1/catalog.json',
      '/',
    ]) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('Cache-Status')).toMatch(/^catalog; hit; ttl=-\d+; detail=bucket-unreachable$/);
    }
    const body = await get('/kexec/x86_64');
    expect(body.status).toBe(503);
    expect(body.headers.get('Retry-After')).toBe('30');
    expect((await get('/healthz')).status).toBe(503);
  });
});

describe('the log', () => {
  beforeEach(() => publish());

  it('has one line for each request, with what it resolved to and no trace of who asked', async () => {
    const headers = { 'CF-Connecting-IP': '192.0.2.7', 'User-Agent': 'curl/8', Range: 'bytes=0-9' };
    await (await ask('/kexec/AMD64.tar.gz', { headers })).arrayBuffer();
    await (await ask('/nothing')).arrayBuffer();
    await ask('/kexec/x86_64', { method: 'DELETE' });
    const [download, nothing, refused] = log;
    expect(log).toHaveLength(3);
    expect(download).toEqual({
      method: 'GET',
      path: '/kexec/AMD64.tar.gz',
      status: 206,
      bytes: 10,
      catalog: 'read',
      kind: 'kexec',
      arch: 'x86_64',
      variant: 'noninteractive',
      channel: 'nixos-26.05',
      version: VERSION,
      part: 'tarball',
      view: 'itself',
    });
    expect(nothing).toMatchObject({ path: '/nothing', status: 404, catalog: 'held' });
    expect(refused).toMatchObject({ method: 'DELETE', status: 405 });
  });
});
