import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CATALOG_KEY, type Manifest } from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { execa } from 'execa';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ServedRelease, serveRelease } from './served-release.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';

const SIZE = 12_000_000;
const BREAK_AFTER = 5_000_000;

describe('a download that broke off', () => {
  let served: ServedRelease;
  let proxy: SlowProxy;
  let folder: string;

  beforeAll(async () => {
    served = await serveRelease({ size: SIZE, variants: [] });
  });
  afterAll(() => served.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nixos-images-resume-'));
    proxy = await startSlowProxy(served.localEdge.url, 1, BREAK_AFTER);
  });
  afterEach(async () => {
    await proxy.stop();
    await rm(folder, { recursive: true });
  });

  const expected = () => digestOf(served.release.manifest);
  const address = () => `${proxy.url}/iso/x86_64.iso`;

  it('is completed by curl -C -', async () => {
    const file = join(folder, 'curl.iso');
    const first = await execa('curl', ['-sS', '-o', file, address()], { reject: false });
    expect(first.exitCode).not.toBe(0);
    // A connection that is cut may lose what was under way, so this is BREAK_AFTER at most.
    const had = (await stat(file)).size;
    expect(had).toBeGreaterThan(0);
    expect(had).toBeLessThanOrEqual(BREAK_AFTER);
    await execa('curl', ['-sS', '--fail', '-C', '-', '-o', file, address()]);
    expect(await digest(file)).toBe(expected());
    expect(proxy.ranges).toEqual([undefined, `bytes=${had}-`]);
  });

  it('is completed by wget -c', async () => {
    const file = join(folder, 'wget.iso');
    const first = await execa('wget', ['-q', '--tries=1', '-O', file, address()], { reject: false });
    expect(first.exitCode).not.toBe(0);
    const had = (await stat(file)).size;
    expect(had).toBeGreaterThan(0);
    expect(had).toBeLessThan(SIZE);
    await execa('wget', ['-q', '--tries=1', '-c', '-O', file, address()]);
    expect(await digest(file)).toBe(expected());
    expect(proxy.ranges).toEqual([undefined, `bytes=${had}-`]);
  });

  it('is completed by aria2c -x8, which asks for eight parts at once', async () => {
    const options = ['-x8', '-s8', '-k1M', '--quiet', '--dir', folder, '--out', 'aria2.iso', '--file-allocation=none'];
    await proxy.stop();
    // The first connection (a look at the file) and every part of the first run break.
    proxy = await startSlowProxy(served.localEdge.url, 8, 500_000);
    await execa('aria2c', [...options, '--max-tries=1', address()], { reject: false });
    expect(await readdir(folder)).toContain('aria2.iso.aria2');
    await execa('aria2c', [...options, '--continue=true', address()]);
    expect(await readdir(folder)).toEqual(['aria2.iso']);
    expect(await digest(join(folder, 'aria2.iso'))).toBe(expected());
    expect(proxy.ranges.filter((range) => range !== undefined).length).toBeGreaterThan(8);
  });

  it('starts anew when the file is another one by now', async () => {
    const file = join(folder, 'changed.iso');
    await execa('curl', ['-sS', '-o', file, address()], { reject: false });
    const headers = ['-H', 'If-Range: "another"'];
    const { stdout } = await execa('curl', [
      '-sS',
      ...headers,
      '-r',
      '100-',
      '-o',
      file,
      '-w',
      '%{http_code}',
      address(),
    ]);
    expect(stdout).toBe('200');
    expect(await digest(file)).toBe(expected());
  });
});

describe('a download that broke off before a promotion', () => {
  const VERSION = '26.05.20260820.e17386d';
  let served: ServedRelease;
  let folder: string;
  let old: Uint8Array<ArrayBuffer>;
  const address = () => `${served.localEdge.url}/iso/x86_64.iso`;

  // The release before is gone from the address a moment ago; what the clients have of it is the first part of its file.
  beforeAll(async () => {
    served = await serveRelease({ size: 300_000, variants: [] });
    const { release } = served;
    const file = release.objects.get(`blobs/sha256/${digestOf(release.manifest)}`);
    if (file === undefined) throw new Error('the sample release has no ISO');
    old = file;
    const newer = await sampleRelease({
      version: '26.05.20260827.0123456',
      channel: 'nixos-26.05',
      size: 310_000,
      published: new Date().toISOString(),
      variants: [],
    });
    for (const [key, bytes] of newer.objects) await served.localEdge.put(key, bytes);
    const { catalog } = sampleCatalog([newer.manifest], 2);
    const { version, published } = release.manifest;
    const channels = Object.entries(catalog.channels).map(([channel, entry]) => [
      channel,
      { ...entry, former: [{ version, published, promoted: published }] },
    ]);
    const text = JSON.stringify({ ...catalog, channels: Object.fromEntries(channels) });
    await served.localEdge.put(CATALOG_KEY, new TextEncoder().encode(text));
    // An edge at home looks once a second.
    await vi.waitFor(async () => expect(await versionAt(address())).toBe('26.05.20260827.0123456'), {
      timeout: 30_000,
    });
  });
  afterAll(() => served.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nixos-images-promoted-'));
    await writeFile(join(folder, 'x86_64.iso'), old.subarray(0, 100_000));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([
    'curl -sS -C - -o x86_64.iso "$1"',
    'curl -sS --fail --retry 1 -C - -o x86_64.iso "$1"',
    'wget -q -c "$1"',
    'wget -q -c -O x86_64.iso "$1"',
    'busybox wget -q -c "$1"',
    'lftp -c "set net:max-retries 1; get -c $1"',
  ])('is not joined with the new file by %s', async (command) => {
    const { exitCode } = await execa('sh', ['-c', command, 'sh', address()], { cwd: folder, reject: false });
    expect(exitCode).not.toBe(0);
    expect(new Uint8Array(await readFile(join(folder, 'x86_64.iso')))).toEqual(old.subarray(0, 100_000));
  });

  it('is completed at the pinned address of the release that it began with', async () => {
    const pinned = `${served.localEdge.url}/iso@${VERSION}/x86_64.iso`;
    await execa('curl', ['-sS', '--fail', '-C', '-', '-o', 'x86_64.iso', pinned], { cwd: folder });
    expect(new Uint8Array(await readFile(join(folder, 'x86_64.iso')))).toEqual(old);
  });

  it('leaves the parts of a new download to aria2c -x4', async () => {
    const options = ['-x4', '-s4', '-k1M', '--quiet', '--file-allocation=none', '--dir', folder, '--out', 'new.iso'];
    await execa('aria2c', [...options, address()]);
    const sum = await (await fetch(`${address()}.sha256`)).text();
    expect(await digest(join(folder, 'new.iso'))).toBe(sum.slice(0, 64));
  });

  it('is told why, and where the new file is', async () => {
    const response = await fetch(address(), { headers: { Range: 'bytes=100000-' } });
    expect(response.status).toBe(409);
    expect(await response.text()).toContain('was replaced a short while ago');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
  });
});

async function versionAt(address: string): Promise<string | undefined> {
  const facts = v.object({ version: v.string() });
  return v.parse(facts, await (await fetch(`${address}.json`)).json()).version;
}

function digestOf({ images }: Manifest): string | undefined {
  const image = images.find(({ kind, arch }) => kind === 'iso' && arch === 'x86_64');
  return image?.kind === 'iso' ? image.files.iso.sha256 : undefined;
}

async function digest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
