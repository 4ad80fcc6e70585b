import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewcEntry } from '@nixos-images/shared';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { networkOf, prepareSmokeImages, smokeImage } from './network-machine.ts';
import { normalForm, readSaved, savedFiles, shapes } from './shapes.ts';

/** The initrd that kexec/run would add for a shape. */
async function hostState(shape: string): Promise<NewcEntry[]> {
  const entries: NewcEntry[] = [
    { path: 'host-state', folder: true, mode: 0o700 },
    { path: 'host-state/network', folder: true, mode: 0o700 },
  ];
  for (const [name, text] of await savedFiles(shape)) {
    entries.push({ path: `host-state/network/${name}`, content: Buffer.from(text), mode: 0o600 });
  }
  return entries;
}

/**
 * Boots each shape's saved state with a smoke image's restore, and holds the network that comes up against the one that was saved.
 * A test file for each image, so that two machines run side by side.
 */
export function restoresEveryShape(name: 'kexec-systemd' | 'kexec-noninteractive'): void {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restore-test-'));
    await prepareSmokeImages();
    await execa('tar', ['xzf', join(await smokeImage(name), 'kexec.tar.gz'), '-C', folder]);
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true }));

  it.each(shapes)('%s comes up as it was', { timeout: 400_000 }, async (shape) => {
    const image = { kernel: join(folder, 'kexec/bzImage'), initrd: join(folder, 'kexec/initrd') };
    const after = await networkOf(image, await hostState(shape), 360);
    expect(await normalForm(after)).toEqual(await normalForm(await readSaved(shape)));
  });
}
