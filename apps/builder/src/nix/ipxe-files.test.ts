import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageJson } from '@nixos-images/shared';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../digest.ts';
import { silentProgress } from '../progress/progress.ts';
import { ipxeFilesOf } from './ipxe-files.ts';

const IpxeJson = ImageJson.options[3];
const description = v.parse(IpxeJson, {
  schema: 1,
  kind: 'ipxe',
  arch: 'x86_64',
  variant: 'menu',
  channel: 'nixos-26.05',
  smoke: true,
  nixpkgs: { version: '26.05.20260820.e17386d', revision: 'e17386d' },
  kernelVersion: '1.21.1',
  files: { efi: 'ipxe.efi', iso: 'ipxe.iso' },
  address: { length: 60, offsets: { iso: [10, 100] } },
});
const ISO = `head......${' '.repeat(60)}${'.'.repeat(30)}${' '.repeat(60)}tail`;
const FILES = [
  { role: 'efi', path: 'ipxe.efi' },
  { role: 'iso', path: 'ipxe.iso' },
] as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-ipxe-files-'));
  await writeFile(join(folder, 'ipxe.efi'), 'efi');
  await writeFile(join(folder, 'ipxe.iso'), ISO);
});
afterEach(() => rm(folder, { recursive: true }));

const written = (edge: string | undefined) =>
  ipxeFilesOf(folder, description, FILES, {
    state: join(folder, 'state'),
    edge: edge === undefined ? undefined : new URL(edge),
    progress: silentProgress,
    signal: undefined,
  });

describe('the files of an ipxe image', () => {
  it("are published with the address of the edge's menu wherever there is room for it, and left alone in the store", async () => {
    const [efi, iso] = await written('https://images.example.org/ignored');
    const address = 'http://images.example.org/boot.ipxe'.padEnd(60);
    const expected = `head......${address}${'.'.repeat(30)}${address}tail`;
    expect(await readFile(iso?.path ?? '', 'utf8')).toBe(expected);
    expect(iso?.digest.sha256).toBe(sha256Hex(expected));
    expect(efi?.path).toBe(join(folder, 'ipxe.efi'));
    expect(await readFile(join(folder, 'ipxe.iso'), 'utf8')).toBe(ISO);
  });

  it('stay as they were built where the config names no edge', async () => {
    const paths = (await written(undefined)).map(({ path }) => path);
    expect(paths).toEqual([join(folder, 'ipxe.efi'), join(folder, 'ipxe.iso')]);
  });

  it('are refused where something else than room is', async () => {
    await writeFile(join(folder, 'ipxe.iso'), ISO.replace(' ', '.'));
    await expect(written(undefined)).rejects.toThrow(/ipxe\.iso is not 60 blanks at 10/);
    await expect(written('https://a-very-long-name-of-a-server-with-images.example.org')).rejects.toThrow(
      'has no room for',
    );
  });
});
