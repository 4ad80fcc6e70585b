import { stat } from 'node:fs/promises';
import type { Arch, BootPath } from '@nixos-images/shared';
import {
  FIRST_DHCP_ADDRESS,
  type Firmware,
  HOST_SEEN_FROM_GUEST,
  type MachineDescription,
} from './machine-description.ts';

const MIB = 1024 * 1024;

/** DHCP's boot file field holds 128 bytes, the last of them zero (RFC 2131, section 2). */
const LONGEST_DHCP_BOOT_FILE = 127;

/**
 * Memory for a machine that holds `bytes` of image in RAM, in MiB. Packed images unpack to some three times their size,
 * and a kexec host has the download, the loaded copy and its own system at once.
 */
function memoryFor(bytes: number): number {
  return Math.min(8192, Math.max(768, 512 + Math.ceil((8 * bytes) / MIB)));
}

/** An address of this machine's loopback as a guest reaches it. */
export function asSeenFromGuest(address: URL): URL {
  const seen = new URL(address);
  if (['127.0.0.1', 'localhost', '[::1]'].includes(seen.hostname)) seen.hostname = HOST_SEEN_FROM_GUEST;
  return seen;
}

/**
 * A machine that gets an iPXE script from an address (as a guest sees it) and boots what it says; `imageBytes` are kernel
 * and initrd together.
 */
export function netbootMachine(
  name: string,
  arch: Arch,
  firmware: Firmware,
  address: URL,
  imageBytes: number,
): MachineDescription {
  const fits = arch === 'x86_64' && address.href.length <= LONGEST_DHCP_BOOT_FILE;
  return {
    name,
    arch,
    firmware,
    memoryMiB: memoryFor(imageBytes),
    boot: fits ? { from: 'network', address: address.href } : { from: 'ipxe-script', script: chainScript(address) },
    disks: [],
    wiring: { as: 'plain' },
    sshAddress: FIRST_DHCP_ADDRESS,
  };
}

/** A machine whose firmware gets an EFI file of `bytes` from an address (as a guest sees it), by itself, and starts it. */
export function httpBootMachine(name: string, arch: Arch, address: URL, bytes: number): MachineDescription {
  return {
    name,
    arch,
    firmware: 'uefi',
    memoryMiB: memoryFor(bytes),
    boot: { from: 'http', address: address.href },
    disks: [],
    wiring: { as: 'plain' },
    sshAddress: FIRST_DHCP_ADDRESS,
  };
}

/** The iPXE script that a person would type: DHCP on the first card, then `chain`. */
function chainScript(address: URL): string {
  return `#!ipxe\ndhcp || shell\nchain ${address.href} || shell\n`;
}

/**
 * A machine that starts from an ISO file, put in as a CD or plugged in as a USB stick. `imageBytes` is what it holds in RAM, where that is
 * not the ISO.
 */
export async function isoMachine(
  name: string,
  arch: Arch,
  firmware: Firmware,
  as: 'cd' | 'usb',
  file: string,
  imageBytes?: number,
): Promise<MachineDescription> {
  return {
    name,
    arch,
    firmware,
    memoryMiB: memoryFor(imageBytes ?? (await stat(file)).size),
    boot: { from: 'iso', file, as },
    disks: [],
    wiring: { as: 'plain' },
    sshAddress: FIRST_DHCP_ADDRESS,
  };
}

/** A machine whose kernel and initrd QEMU hands over, as the loader on a host's disk would; `imageBytes` come on top. */
export function kernelMachine(
  name: string,
  arch: Arch,
  boot: { readonly kernel: string; readonly initrd: string; readonly parameters: string },
  imageBytes: number,
): MachineDescription {
  return {
    name,
    arch,
    firmware: 'bios',
    memoryMiB: memoryFor(imageBytes),
    boot: { from: 'kernel', ...boot },
    disks: [],
    wiring: { as: 'plain' },
    sshAddress: FIRST_DHCP_ADDRESS,
  };
}

/** The firmware that a boot path starts with; kexec starts from a running system. */
export function firmwareOf(path: Exclude<BootPath, 'kexec'>): Firmware {
  return path.includes('uefi') ? 'uefi' : 'bios';
}
