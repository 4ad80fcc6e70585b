import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCatalog } from 'nixos-images/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRelease, type Stage, setStage, todaysAssets, UNTRIED } from '../github/stage.ts';
import { TinyFlake } from '../github/tiny-flake.ts';
import { keysOf } from './open-bucket.ts';
import { canMount, SmallDisk } from './small-disk.ts';

const root = join(import.meta.dirname, '../..');
const BUILDER = fileURLToPath(import.meta.resolve('nixos-images/bin'));
const SOURCE = 'github:nix-community/nixos-images';

/** Of the image, in bytes: more than the small disks have. */
const IMAGE = 3_000_000;

let stage: Stage;
let flake: TinyFlake;
beforeEach(async () => {
  stage = await setStage();
  flake = new TinyFlake(stage);
  await flake.contain({ name: 'nixos-26.05', series: '26.05', revision: 'aaaaaaa', content: 'one', size: IMAGE });
});
afterEach(() => stage.stop());

/** Puts the builder's state on a disk, and runs its commands there; Nix keeps its store elsewhere unless `store` says so. */
async function builderOn(disk: SmallDisk, store = join(stage.folder, 'nix')) {
  const { endpoint, bucket: name } = stage.localEdge.s3;
  const channel = { flake: `path:${join(stage.folder, 'flake')}`, images: [{ kind: 'kexec', arches: ['x86_64'] }] };
  const state = join(disk.folder, 'state');
  const config = join(stage.folder, 'full-disk.mjs');
  const value = { bucket: { endpoint, name }, state, channels: { 'nixos-26.05': channel } };
  await writeFile(config, `export default ${JSON.stringify(value)};\n`);
  return async (...args: readonly string[]) => {
    const builder = [process.execPath, BUILDER, ...args, '--config', config];
    const { exitCode, stderr } = await disk.run(join(root, 'test/smoke-images/with-nix'), [store, ...builder], {
      env: { XDG_CACHE_HOME: join(stage.folder, 'cache') },
    });
    return { exitCode, stderr: `${stderr}` };
  };
}

/** What the user reads at the end of a run: one sentence and what to do, and no stack trace. */
function lastWords(stderr: string): string {
  expect(stderr).not.toMatch(/\n\s+at /);
  return stderr.trim().split('\n').slice(-2).join('\n');
}

const atVersion = async () => (await readCatalog(stage.bucket))?.catalog.channels;

/** Fills what is left of a disk. */
async function fill(disk: SmallDisk): Promise<void> {
  await disk.run('sh', [
    '-c',
    'mkdir -p "$0/state/digests"; cat /dev/zero > "$0/filler" 2>/dev/null; true',
    disk.folder,
  ]);
}

describe.skipIf(!(await canMount()))('a disk that is full', () => {
  it('of the builder’s state: publish says so and leaves the bucket empty; with room it completes', async () => {
    await using disk = await SmallDisk.mount(join(stage.folder, 'disk'), '64k');
    const builder = await builderOn(disk);
    await fill(disk);
    const { exitCode, stderr } = await builder('publish');
    expect(exitCode).toBe(1);
    expect(lastWords(stderr)).toMatch(
      /^The disk is full \(.*\/state\/digests\/.*\)\.\nMake room .* run the same command again/,
    );
    expect(await keysOf(stage.bucket)).toEqual([]);
    await disk.resize('64m');
    expect(await builder('publish')).toMatchObject({ exitCode: 0 });
    expect(await builder('promote', ...UNTRIED)).toMatchObject({ exitCode: 0 });
    expect(Object.keys((await atVersion()) ?? {})).toEqual(['nixos-26.05']);
  });

  it('of Nix’s store: publish says so in Nix’s words and leaves the bucket empty; with room it completes', async () => {
    await using disk = await SmallDisk.mount(join(stage.folder, 'disk'), '2m');
    const builder = await builderOn(disk, join(disk.folder, 'nix'));
    const { exitCode, stderr } = await builder('publish');
    expect(exitCode).toBe(1);
    expect(lastWords(stderr)).toMatch(/^The disk is full \(Nix says: .*\)\.\nMake room/);
    expect(await keysOf(stage.bucket)).toEqual([]);
    await disk.resize('64m');
    expect(await builder('publish')).toMatchObject({ exitCode: 0 });
  });

  it('of the downloads: import says so and leaves the bucket empty; with room it completes', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    await using disk = await SmallDisk.mount(join(stage.folder, 'disk'), '64k');
    const builder = await builderOn(disk);
    const { exitCode, stderr } = await builder('import', SOURCE, '--tag', 'nixos-unstable');
    expect(exitCode).toBe(1);
    expect(lastWords(stderr)).toMatch(/^The disk is full \(.*\/state\/downloads\/.*\)\.\nMake room/);
    expect(await keysOf(stage.bucket)).toEqual([]);
    await disk.resize('64m');
    expect(await builder('import', SOURCE, '--tag', 'nixos-unstable')).toMatchObject({ exitCode: 0 });
  });

  it('of the boot gate: promote says how much it needs, and moves nothing', async () => {
    await using disk = await SmallDisk.mount(join(stage.folder, 'disk'), '4m');
    const builder = await builderOn(disk);
    expect(await builder('publish')).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await builder('promote');
    expect(exitCode).toBe(1);
    expect(lastWords(stderr)).toMatch(
      /^The disk has not enough room for the boot gate: .* has .* and needs 6\.0 MB\.\nMake room/,
    );
    expect(await atVersion()).toBeUndefined();
    expect(await builder('promote', ...UNTRIED)).toMatchObject({ exitCode: 0 });
  });
});
