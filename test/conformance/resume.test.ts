import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@nixos-images/shared';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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

function digestOf({ images }: Manifest): string | undefined {
  const image = images.find(({ kind, arch }) => kind === 'iso' && arch === 'x86_64');
  return image?.kind === 'iso' ? image.files.iso.sha256 : undefined;
}

async function digest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
