import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { arch as hostArch } from 'node:process';
import type { Arch } from '@nixos-images/shared';
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
  /** An iPXE that UEFI starts from a drive. */
  readonly ipxeEfi: string | undefined;
}

interface Place {
  readonly qemu: string;
  readonly debianQemu: string;
  readonly debianUefi: string;
  readonly uefi: readonly UefiFirmware[];
  readonly ipxeEfi: readonly string[];
}

// Debian's paths first, then what QEMU itself brings when it comes from nixpkgs (relative to its share folder).
const PLACES: Readonly<Record<Arch, Place>> = {
  x86_64: {
    qemu: 'qemu-system-x86_64',
    debianQemu: 'qemu-system-x86',
    debianUefi: 'ovmf',
    uefi: [
      { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
      { code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd' },
      { code: 'edk2-x86_64-code.fd', variables: 'edk2-i386-vars.fd' },
    ],
    ipxeEfi: [],
  },
  aarch64: {
    qemu: 'qemu-system-aarch64',
    debianQemu: 'qemu-system-arm',
    debianUefi: 'qemu-efi-aarch64',
    uefi: [
      { code: '/usr/share/AAVMF/AAVMF_CODE.fd', variables: '/usr/share/AAVMF/AAVMF_VARS.fd' },
      { code: 'edk2-aarch64-code.fd', variables: 'edk2-arm-vars.fd' },
    ],
    ipxeEfi: ['/usr/lib/ipxe/ipxe-arm64.efi'],
  },
};

const IPXE_KERNEL = '/usr/lib/ipxe/ipxe.lkrn';

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function firstExisting(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await exists(path)) return path;
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
 * Finds QEMU and the firmware files for `arch`. Throws Failure (exit code 2) when QEMU or setpriv is missing; missing
 * firmware is left undefined, so that a machine which needs none still starts (see `needUefi`, `needIpxe`).
 */
export async function findMachineParts(arch: Arch): Promise<MachineParts> {
  const place = PLACES[arch];
  const qemu = await findTool(place.qemu, { debian: place.debianQemu, nix: 'qemu' });
  const setpriv = await findTool('setpriv', { debian: 'util-linux', nix: 'util-linux' });
  const share = join(dirname(qemu), '..', 'share', 'qemu');
  let uefi: UefiFirmware | undefined;
  for (const candidate of place.uefi) {
    const code = join(candidate.code.startsWith('/') ? '/' : share, candidate.code);
    const variables = join(candidate.variables.startsWith('/') ? '/' : share, candidate.variables);
    if ((await exists(code)) && (await exists(variables))) {
      uefi = { code, variables };
      break;
    }
  }
  return {
    qemu,
    setpriv,
    accelerator: (await canUseKvm(arch)) ? 'kvm' : 'tcg',
    uefi,
    ipxeKernel: arch === 'x86_64' ? await firstExisting([IPXE_KERNEL]) : undefined,
    ipxeEfi: await firstExisting(place.ipxeEfi),
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
