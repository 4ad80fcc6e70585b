import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { env, arch as hostArch } from 'node:process';
import type { Arch } from '@nixos-images/shared';
import { EXIT, Failure } from '../failure.ts';
import { findTool, missing } from './tool.ts';

/** A UEFI firmware: its code, and the empty variable store that each machine gets a throw-away view of. */
export interface UefiFirmware {
  readonly code: string;
  readonly variables: string;
}

/** Where the pieces stand that a machine of one architecture is made of. */
export interface MachineParts {
  readonly qemu: string;
  readonly setpriv: string;
  /** Hardware virtualisation where this machine has it for `arch`, else software emulation. */
  readonly accelerator: 'kvm' | 'tcg';
  readonly uefi: UefiFirmware | undefined;
  /** An iPXE that BIOS starts like a Linux kernel; x86_64 only. */
  readonly ipxeKernel: string | undefined;
  /** An iPXE that UEFI starts from a drive; aarch64 only, x86_64 has one in its network card. */
  readonly ipxeEfi: string | undefined;
}

/** Environment variables that name firmware files; each goes before every place below. docs/boot.md lists them. */
type FirmwareVariable = 'OVMF_CODE' | 'OVMF_VARS' | 'AAVMF_CODE' | 'AAVMF_VARS' | 'IPXE_BIOS' | 'IPXE_EFI_AARCH64';

interface Place {
  readonly qemu: string;
  readonly debianQemu: string;
  readonly debianUefi: string;
  readonly uefiNamedBy: { readonly code: FirmwareVariable; readonly variables: FirmwareVariable };
  readonly uefi: readonly UefiFirmware[];
}

// Debian's paths first, then what QEMU itself brings when it comes from nixpkgs (relative to its share folder).
const PLACES: Readonly<Record<Arch, Place>> = {
  x86_64: {
    qemu: 'qemu-system-x86_64',
    debianQemu: 'qemu-system-x86',
    debianUefi: 'ovmf',
    uefiNamedBy: { code: 'OVMF_CODE', variables: 'OVMF_VARS' },
    uefi: [
      { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
      { code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd' },
      { code: 'edk2-x86_64-code.fd', variables: 'edk2-i386-vars.fd' },
    ],
  },
  aarch64: {
    qemu: 'qemu-system-aarch64',
    debianQemu: 'qemu-system-arm',
    debianUefi: 'qemu-efi-aarch64',
    uefiNamedBy: { code: 'AAVMF_CODE', variables: 'AAVMF_VARS' },
    uefi: [
      { code: '/usr/share/AAVMF/AAVMF_CODE.fd', variables: '/usr/share/AAVMF/AAVMF_VARS.fd' },
      { code: 'edk2-aarch64-code.fd', variables: 'edk2-arm-vars.fd' },
    ],
  },
};

const IPXE_KERNEL = '/usr/lib/ipxe/ipxe.lkrn';
const IPXE_EFI_AARCH64 = '/usr/lib/ipxe/ipxe-arm64.efi';

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** The file that a variable names; undefined when it is not set. */
async function namedFile(variable: FirmwareVariable): Promise<string | undefined> {
  const path = env[variable];
  if (path === undefined || path === '') return undefined;
  if (await exists(path)) return path;
  throw new Failure(`The environment variable ${variable} names ${path}, which cannot be read.`, {
    remedy: 'Correct it, or unset it to search the usual places.',
    exitCode: EXIT.usage,
  });
}

async function findFile(variable: FirmwareVariable, usual: string): Promise<string | undefined> {
  return (await namedFile(variable)) ?? ((await exists(usual)) ? usual : undefined);
}

async function findUefi({ uefi, uefiNamedBy }: Place, qemuShare: string): Promise<UefiFirmware | undefined> {
  const code = await namedFile(uefiNamedBy.code);
  const variables = await namedFile(uefiNamedBy.variables);
  if (code !== undefined && variables !== undefined) return { code, variables };
  if (code !== undefined || variables !== undefined) {
    throw new Failure(`Of the environment variables ${uefiNamedBy.code} and ${uefiNamedBy.variables} one is set.`, {
      remedy: 'Set both, because one build of a firmware cannot use the variables of another, or neither.',
      exitCode: EXIT.usage,
    });
  }
  for (const place of uefi) {
    const found = { code: resolve(qemuShare, place.code), variables: resolve(qemuShare, place.variables) };
    if ((await exists(found.code)) && (await exists(found.variables))) return found;
  }
  return undefined;
}

// QEMU's own fall-back (`-accel kvm -accel tcg`) is not enough: in some containers /dev/kvm opens, and no instruction runs.
async function canUseKvm(arch: Arch): Promise<boolean> {
  if (hostArch !== (arch === 'x86_64' ? 'x64' : 'arm64')) return false;
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return arch === 'aarch64' || /^flags\s*:.*\b(?:vmx|svm)\b/m.test(await readFile('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Finds QEMU and the firmware files for `arch`. Throws Failure (exit code 2) when QEMU or setpriv is missing, or an
 * environment variable names a file that is not there; missing firmware is left undefined, so that a machine which needs
 * none still starts (see `needUefi`, `needIpxe`).
 */
export async function findMachineParts(arch: Arch): Promise<MachineParts> {
  const place = PLACES[arch];
  const qemu = await findTool(place.qemu, { debian: place.debianQemu, nix: 'qemu' });
  return {
    qemu,
    setpriv: await findTool('setpriv', { debian: 'util-linux', nix: 'util-linux' }),
    accelerator: (await canUseKvm(arch)) ? 'kvm' : 'tcg',
    uefi: await findUefi(place, join(dirname(qemu), '..', 'share', 'qemu')),
    ipxeKernel: arch === 'x86_64' ? await findFile('IPXE_BIOS', IPXE_KERNEL) : undefined,
    ipxeEfi: arch === 'aarch64' ? await findFile('IPXE_EFI_AARCH64', IPXE_EFI_AARCH64) : undefined,
  };
}

/** The UEFI firmware of `parts`, or a Failure (exit code 2) that says how to get it. */
export function needUefi(parts: MachineParts, arch: Arch): UefiFirmware {
  if (parts.uefi !== undefined) return parts.uefi;
  throw missing(`UEFI firmware for ${arch} is not installed.`, { debian: PLACES[arch].debianUefi, nix: 'OVMF' });
}

/** The iPXE of `parts` that UEFI starts from a drive, or a Failure (exit code 2) that says how to get it. */
export function needIpxe(parts: MachineParts, arch: Arch): string {
  if (parts.ipxeEfi !== undefined) return parts.ipxeEfi;
  throw missing(`No iPXE for ${arch} is installed; Debian has had one since Debian 13.`, {
    debian: 'ipxe',
    nix: 'ipxe',
  });
}
