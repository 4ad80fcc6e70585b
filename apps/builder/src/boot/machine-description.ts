import type { Arch } from '@nixos-images/shared';

/** On aarch64, which has no BIOS, `bios` means no firmware at all: enough for a kernel that QEMU hands over. */
export type Firmware = 'bios' | 'uefi';

/** What the machine starts from when it is switched on. */
export type BootSource =
  /** The firmware's network boot: the NIC's own iPXE gets this address over DHCP, which has room for 127 characters. */
  | { readonly from: 'network'; readonly address: string }
  /** UEFI's own HTTP boot: the firmware gets the address of an EFI program over DHCP, with as much room. */
  | { readonly from: 'http'; readonly address: string }
  /** iPXE runs this script first, without a server: for addresses too long for DHCP, and machines without an iPXE ROM. */
  | { readonly from: 'ipxe-script'; readonly script: string }
  | { readonly from: 'iso'; readonly file: string; readonly as: 'cd' | 'usb' }
  /** Kernel and initrd handed over by QEMU itself, as a boot loader on the disk would. */
  | { readonly from: 'kernel'; readonly kernel: string; readonly initrd: string; readonly parameters: string };

/** How the machine's network cards are cabled to QEMU's user network (10.0.2.0/24, router 10.0.2.2, DNS 10.0.2.3). */
export type Wiring =
  | { readonly as: 'plain' }
  /** Two cards on one wire, for a bond. */
  | { readonly as: 'pair' }
  /** One card on each port of a switch, which is started with the machine and closed with it. */
  | { readonly as: 'switch'; readonly start: () => Promise<Switch> };

/** Two loopback UDP ports of one wire: QEMU's end and the switch's; a datagram is an Ethernet frame. */
export interface Wire {
  readonly qemu: number;
  readonly switch: number;
}

/** A switch between a machine's cards and the untagged network upstream. */
export interface Switch {
  /** One for each of the machine's cards. Several are aggregated. */
  readonly ports: readonly Wire[];
  readonly upstream: Wire;
  close(): void;
}

/** A computer to emulate, before it is switched on. Disks are never written to: changes live as long as the machine. */
export interface MachineDescription {
  /** Names the machine in progress and its console log. */
  readonly name: string;
  readonly arch: Arch;
  readonly firmware: Firmware;
  readonly memoryMiB: number;
  readonly boot: BootSource;
  /** Raw disk images, seen as /dev/vda, /dev/vdb, … */
  readonly disks: readonly string[];
  readonly wiring: Wiring;
  /** The guest's address that the forwarded SSH port leads to; QEMU's DHCP gives out 10.0.2.15 first. */
  readonly sshAddress: string;
}

/** The first address that QEMU's DHCP server gives out. */
export const FIRST_DHCP_ADDRESS = '10.0.2.15';

/** The host that runs QEMU, as a guest sees it. */
export const HOST_SEEN_FROM_GUEST = '10.0.2.2';
