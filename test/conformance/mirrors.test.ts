import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listedFilesOf } from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedRelease, serveRelease } from './served-release.ts';

type Command = readonly [program: string, ...options: string[]];

/** Programs that mirror what a server lists: each takes what is below an address into the folder where it runs. */
const MIRRORS: readonly (readonly [name: string, command: (origin: string, path: string) => Command])[] = [
  ['wget -r -np', (origin, path) => ['wget', '-q', '-r', '-np', '-nH', '--cut-dirs=2', `${origin}${path}`]],
  ['lftp mirror', (origin, path) => ['lftp', '-c', `mirror ${origin}${path} .`]],
  ['rclone copy :http:PATH', (origin, path) => [...RCLONE, '--http-url', origin, `:http:${path.slice(1)}`, '.']],
  ['rclone copy --http-url', (origin, path) => [...RCLONE, '--http-url', `${origin}${path}`, ':http:', '.']],
];
const RCLONE: Command = ['rclone', 'copy', '--config', ''];

describe('a release', () => {
  let served: ServedRelease;
  let scratch: string;

  beforeAll(async () => {
    served = await serveRelease();
    // A neighbour, which no mirror of the release may take along.
    const neighbour = await sampleRelease({
      version: '26.11.20260821.abcdef0',
      channel: 'nixos-unstable',
      size: 10_000,
      published: '2026-08-21T04:05:06.000Z',
    });
    for (const [key, bytes] of neighbour.objects) await served.localEdge.put(key, bytes);
    const { key, bytes } = sampleCatalog([served.release.manifest, neighbour.manifest]);
    await served.localEdge.put(key, bytes);
    scratch = await mkdtemp(join(tmpdir(), 'nixos-images-mirrors-'));
  });
  afterAll(async () => {
    await served.stop();
    await rm(scratch, { recursive: true });
  });

  it.each(
    MIRRORS.flatMap(([name, command]) => ['/', ''].map((end) => [name, end, command] as const)).filter(
      // wget cannot: it stays below the last slash of what it was given, whatever that leads to.
      ([name, end]) => name !== 'wget -r -np' || end === '/',
    ),
  )(
    'is mirrored by %s from its list, ending in "%s", with every file whole and nothing of another release',
    async (_, end, command) => {
      const folder = await mkdtemp(join(scratch, 'mirror-'));
      const { manifest } = served.release;
      const [program, ...options] = command(served.localEdge.url, `/releases/${manifest.version}${end}`);
      await execa(program, options, { cwd: folder });
      const files = manifest.images.flatMap(listedFilesOf).map(({ file }) => file.name);
      // wget keeps the list itself.
      const saved = (await readdir(folder)).filter((name) => name !== 'index.html');
      expect(saved.toSorted()).toEqual([...files, 'SHA256SUMS', 'boot.json', 'manifest.json'].toSorted());
      const { stdout } = await execa('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: folder });
      expect(stdout.split('\n')).toEqual(expect.arrayContaining(files.map((name) => `${name}: OK`)));
    },
  );
});
