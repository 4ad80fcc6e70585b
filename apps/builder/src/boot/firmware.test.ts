import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Arch } from '@nixos-images/shared';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../failure.ts';
import { findMachineParts } from './firmware.ts';

describe('finding firmware', () => {
  let folder: string;
  const file = async (path: string): Promise<string> => {
    const whole = join(folder, path);
    await mkdir(dirname(whole), { recursive: true });
    await writeFile(whole, '');
    return whole;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firmware-test-'));
    for (const program of ['qemu-system-x86_64', 'qemu-system-aarch64', 'setpriv']) {
      await chmod(await file(`bin/${program}`), 0o755);
    }
    vi.stubEnv('PATH', join(folder, 'bin'));
    for (const variable of ['OVMF', 'AAVMF']) {
      vi.stubEnv(`${variable}_CODE`, undefined);
      vi.stubEnv(`${variable}_VARS`, undefined);
    }
    vi.stubEnv('IPXE_BIOS', undefined);
    vi.stubEnv('IPXE_EFI_AARCH64', undefined);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it.for([
    ['x86_64', 'OVMF'],
    ['aarch64', 'AAVMF'],
  ] as const satisfies [Arch, string][])('takes the UEFI of %s that the environment names', async ([arch, name]) => {
    vi.stubEnv(`${name}_CODE`, await file('code.fd'));
    vi.stubEnv(`${name}_VARS`, await file('vars.fd'));
    expect((await findMachineParts(arch)).uefi).toEqual({
      code: join(folder, 'code.fd'),
      variables: join(folder, 'vars.fd'),
    });
  });

  it('takes each iPXE that the environment names, for its architecture alone', async () => {
    vi.stubEnv('IPXE_BIOS', await file('ipxe.lkrn'));
    vi.stubEnv('IPXE_EFI_AARCH64', await file('arm64.efi'));
    expect(await findMachineParts('x86_64')).toMatchObject({
      ipxeKernel: join(folder, 'ipxe.lkrn'),
      ipxeEfi: undefined,
    });
    expect(await findMachineParts('aarch64')).toMatchObject({
      ipxeKernel: undefined,
      ipxeEfi: join(folder, 'arm64.efi'),
    });
  });

  it('does not fall back in silence when a named file is not there', async () => {
    vi.stubEnv('IPXE_BIOS', '/nowhere/ipxe.lkrn');
    await expect(findMachineParts('x86_64')).rejects.toMatchObject({
      message: expect.stringMatching(/IPXE_BIOS.*\/nowhere\/ipxe\.lkrn/),
      exitCode: EXIT.usage,
    });
  });

  it('does not mix the code of one UEFI with the variables of another', async () => {
    vi.stubEnv('OVMF_CODE', await file('code.fd'));
    await expect(findMachineParts('x86_64')).rejects.toMatchObject({
      message: expect.stringMatching(/OVMF_CODE and OVMF_VARS/),
      exitCode: EXIT.usage,
    });
  });
});
