import { filesOf } from '@nixos-images/shared';
import type { SampleRelease } from '@nixos-images/shared/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Ask, publishSample, startEdge } from './testing/sample-edge.ts';

const VERSION = '26.05.20260820.e17386d';
let edge: Ask;
let release: SampleRelease;

beforeEach(async () => {
  release = await publishSample({ variants: ['low-memory'] });
  edge = startEdge();
});

const ask = (path: string, headers: Record<string, string> = {}) => edge(path, { headers });

describe('a checksum', () => {
  it.each([
    ['/iso/x86_64.iso', 'x86_64.iso'],
    ['/kexec/amd64.tar.gz', 'amd64.tar.gz'],
    ['/kexec@26.05/x86_64/low-memory.tar.gz', 'low-memory.tar.gz'],
    ['/netboot/x86_64/kernel', 'kernel'],
    ['/netboot/x86_64/initrd', 'initrd'],
    ['/netboot/x86_64/cmdline', 'cmdline'],
    ['/netboot/x86_64.ipxe', 'x86_64.ipxe'],
    ['/kexec/x86_64', `smoke-kexec-${VERSION}-x86_64-noninteractive.tar.gz`],
    ['/kexec/x86_64/low-memory', `smoke-kexec-${VERSION}-x86_64-low-memory.tar.gz`],
  ])('of %s names %s, which is what wget, or curl -OJ, saves', async (address, name) => {
    const sum = await (await ask(`${address}.sha256`)).text();
    expect(/^[0-9a-f]{64} {2}(.*)\n$/.exec(sum)?.[1]).toBe(name);
  });

  it('stands beside every file of a release, for ever', async () => {
    for (const { file } of release.manifest.images.flatMap(filesOf)) {
      const response = await ask(`/releases/${VERSION}/${file.name}.sha256`);
      expect(await response.text()).toBe(`${file.sha256}  ${file.name}\n`);
      expect(response.headers.get('Cache-Control')).toContain('immutable');
    }
  });
});

describe('a page', () => {
  const typeFor = async (path: string, headers: Record<string, string>) =>
    (await ask(path, headers)).headers.get('Content-Type')?.split(';')[0];

  it.each([
    [
      'a browser',
      { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'User-Agent': 'Mozilla/5.0' },
      'text/html',
      'text/html',
    ],
    ['curl', { Accept: '*/*', 'User-Agent': 'curl/8.5.0' }, 'text/plain', 'text/plain'],
    ['wget, which mirrors lists', { Accept: '*/*', 'User-Agent': 'Wget/1.21.3' }, 'text/plain', 'text/html'],
    ["busybox's wget", { 'User-Agent': 'Wget' }, 'text/plain', 'text/plain'],
    ['rclone', { 'User-Agent': 'rclone/v1.60.1' }, 'text/html', 'text/html'],
    ['lftp', { 'User-Agent': 'lftp/4.9.2', Accept: '*/*' }, 'text/html', 'text/html'],
    ['who wants no HTML', { Accept: 'text/html;q=0, */*' }, 'text/plain', 'text/plain'],
    ['who likes text better', { Accept: 'text/html;q=0.3, text/plain;q=0.9' }, 'text/plain', 'text/plain'],
    ['curl told to fetch HTML', { Accept: 'text/html', 'User-Agent': 'curl/8.5.0' }, 'text/html', 'text/html'],
  ])('is for %s what it can read', async (_, headers, home, list) => {
    expect(await typeFor('/', headers)).toBe(home);
    expect(await typeFor('/releases/', headers)).toBe(list);
    expect(await typeFor(`/releases/${VERSION}/`, headers)).toBe(list);
  });

  it.each(['/releases', `/releases/${VERSION}`, `/releases/%32${VERSION.slice(1)}`])(
    'that lists files is at one address for mirrors, so %s leads there, and gives text to terminals at once',
    async (path) => {
      const mirror = await ask(path, { 'User-Agent': 'rclone/v1.60.1' });
      expect(mirror.status).toBe(301);
      expect(mirror.headers.get('Location')).toBe(`${decodeURIComponent(path)}/`);
      expect(mirror.headers.get('Vary')).toContain('User-Agent');
      const terminal = await ask(path, { 'User-Agent': 'curl/8.5.0', Accept: '*/*' });
      expect(terminal.status).toBe(200);
      expect(await terminal.text()).toContain(VERSION);
    },
  );

  it('that lists files links to them below itself, as mirrors follow them', async () => {
    const html = await (await ask(`/releases/${VERSION}/`, { 'User-Agent': 'rclone/v1.60.1' })).text();
    for (const { file } of release.manifest.images.flatMap(filesOf)) {
      expect(html).toContain(`href="/releases/${VERSION}/${file.name}"`);
    }
  });
});

describe('an answer that may be compressed on its way', () => {
  const plain = { 'Accept-Encoding': 'identity' };

  it.each(['/netboot/x86_64.ipxe', '/kexec/x86_64.json', '/v1/catalog.json', '/feed.atom', '/'])(
    'such as %s promises no digest and no strong tag of other bytes than it sends',
    async (path) => {
      const identity = await ask(path, plain);
      const coded = await ask(path, { 'Accept-Encoding': 'gzip, br, zstd' });
      const etag = identity.headers.get('ETag') ?? '';
      expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
      expect(identity.headers.has('Repr-Digest')).toBe(true);
      expect(coded.headers.get('ETag')).toBe(`W/${etag}`);
      expect(coded.headers.has('Repr-Digest')).toBe(false);
      expect(coded.headers.get('Vary')).toContain('Accept-Encoding');
      // RFC 9110, section 13.1.2: If-None-Match compares weakly.
      expect((await ask(path, { ...plain, 'If-None-Match': `W/${etag}` })).status).toBe(304);
    },
  );

  it('is no file: what is compressed already has one tag', async () => {
    const response = await ask('/kexec/x86_64', { 'Accept-Encoding': 'gzip' });
    await response.arrayBuffer();
    expect(response.headers.get('ETag')).toMatch(/^"/);
    expect(response.headers.has('Repr-Digest')).toBe(true);
  });
});

describe('an ISO', () => {
  it('has the media type by which firmware that boots over HTTP knows a disk', async () => {
    const response = await ask('/iso/x86_64', { Range: 'bytes=0-0' });
    await response.arrayBuffer();
    expect(response.headers.get('Content-Type')).toBe('application/vnd.efi-iso');
  });
});
