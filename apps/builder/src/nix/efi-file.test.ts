import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageJson, parseUnifiedKernelHead } from '@nixos-images/shared';
import { efiProgram } from '@nixos-images/shared/testing';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../failure.ts';
import { silentProgress } from '../progress/progress.ts';
import { efiFileOf } from './efi-file.ts';

const IMAGE = {
  schema: 1,
  kind: 'netboot',
  arch: 'x86_64',
  variant: 'interactive',
  channel: 'nixos-26.05',
  smoke: false,
  nixpkgs: { version: '26.05.20260820.e17386d', revision: 'e17386d' },
  kernelVersion: '6.12.1',
  files: { kernel: 'kernel', initrd: 'initrd', stub: 'stub' },
  init: '/nix/store/x/init',
  kernelParams: ['quiet'],
};

const description = v.parse(ImageJson, IMAGE);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-efi-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function make(files: { readonly kernel: Uint8Array; readonly stub: Uint8Array }) {
  const initrd = Buffer.alloc(100_001, 'initrd');
  const parts = { kernel: join(folder, 'kernel'), initrd: join(folder, 'initrd'), stub: join(folder, 'stub') };
  await Promise.all([
    writeFile(parts.kernel, files.kernel),
    writeFile(parts.initrd, initrd),
    writeFile(parts.stub, files.stub),
  ]);
  if (description.kind !== 'netboot') throw new Error('it says that it is');
  const netboot = description;
  const storePath = `/nix/store/${'0'.repeat(32)}-netboot`;
  const options = { state: join(folder, 'state'), progress: silentProgress, signal: undefined, edge: undefined };
  const made = () => efiFileOf(storePath, netboot, parts, options);
  return { made, initrd };
}

describe('the EFI file of a built image', () => {
  it('has a head that says what the image is and how it is booted, and the digest of the whole', async () => {
    const kernel = Buffer.concat([efiProgram(), Buffer.alloc(3, 1)]);
    const { made, initrd } = await make({ kernel, stub: efiProgram() });
    const { head, whole } = await made();
    const bytes = await readFile(head.path);
    expect(parseUnifiedKernelHead(bytes)).toMatchObject({
      commandLine: 'init=/nix/store/x/init quiet',
      osRelease: expect.stringContaining('PRETTY_NAME="NixOS 26.05.20260820.e17386d, installer, interactive"\n'),
      kernelSize: kernel.length,
      initrdSize: initrd.length,
    });
    const padded = (part: Uint8Array) => [part, Buffer.alloc((512 - (part.length % 512)) % 512)];
    const joined = Buffer.concat([bytes, ...padded(kernel), ...padded(initrd)]);
    expect(whole).toEqual({
      size: joined.length,
      sha256: createHash('sha256').update(joined).digest('hex'),
      blake2b: createHash('blake2b512').update(joined).digest('hex'),
    });
    expect(await made()).toEqual({ head, whole });
  });

  it('is refused with a sentence where the stub, or the kernel, is no EFI program', async () => {
    const other = Buffer.alloc(4096, 'x');
    for (const files of [
      { kernel: efiProgram(), stub: other },
      { kernel: other, stub: efiProgram() },
    ]) {
      const { made } = await make(files);
      await expect(made()).rejects.toThrow(Failure);
      await expect(made()).rejects.toThrow('cannot be made an EFI file with its stub: it is no EFI program.');
    }
  });
});
