import type { Arch } from '@nixos-images/shared';
import type { UefiFirmware } from './firmware.ts';
import type { BootSource, MachineDescription } from './machine-description.ts';

/** What is known only when a machine is about to start. */
export interface StartDetails {
  readonly sshPort: number;
  readonly uefi: UefiFirmware | undefined;
  readonly ipxe: IpxeFiles | undefined;
}

/** An iPXE start: the binary and script for BIOS, or a folder shown as a FAT drive for UEFI. */
export type IpxeFiles =
  | { readonly as: 'kernel'; readonly binary: string; readonly script: string }
  | { readonly as: 'drive'; readonly folder: string };

// Software emulation is the fall-back wherever KVM cannot be used. `graphics=off` brings SeaBIOS's and iPXE's text to
// the serial line. i440fx, because its IDE is the one CD controller that Debian's cloud kernel has a driver for.
const BOARD: Readonly<Record<Arch, readonly string[]>> = {
  x86_64: ['-machine', 'pc,graphics=off', '-accel', 'kvm', '-accel', 'tcg'],
  aarch64: ['-machine', 'virt', '-cpu', 'cortex-a57', '-accel', 'tcg'],
};

const MAC = '52:54:00:12:34:56';

/** The command line (without the program) that makes QEMU be the described machine, its console on stdio. */
export function qemuArguments(machine: MachineDescription, details: StartDetails): string[] {
  return [
    ...['-name', machine.name, '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...BOARD[machine.arch],
    ...['-m', `${machine.memoryMiB}M`, '-smp', '1'],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console', '-monitor', 'none'],
    ...firmware(details.uefi),
    ...network(machine, details),
    ...boot(machine.boot, machine.arch, details.ipxe),
    ...machine.disks.flatMap((file, index) => [
      ...drive(`disk${index}`, file, 'format=raw,snapshot=on'),
      ...['-device', `virtio-blk-pci,drive=disk${index}`],
    ]),
  ];
}

function firmware(uefi: UefiFirmware | undefined): string[] {
  if (uefi === undefined) return [];
  return [
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${optionValue(uefi.code)}`],
    ...['-drive', `if=pflash,unit=1,format=raw,snapshot=on,file=${optionValue(uefi.variables)}`],
  ];
}

function network(machine: MachineDescription, details: StartDetails): string[] {
  const bootFile = machine.boot.from === 'network' ? `,bootfile=${optionValue(machine.boot.address)}` : '';
  const user = `user,id=upstream${bootFile},hostfwd=tcp:127.0.0.1:${details.sshPort}-${machine.sshAddress}:22`;
  // Only a machine that boots from its NIC needs the ROM, and QEMU refuses to start where none is installed.
  const rom = machine.boot.from === 'network' ? ',bootindex=0' : ',romfile=';
  return ['-netdev', user, '-device', `virtio-net-pci,netdev=upstream,mac=${MAC}${rom}`];
}

function boot(source: BootSource, arch: Arch, ipxe: IpxeFiles | undefined): string[] {
  switch (source.from) {
    case 'network':
      return ['-boot', 'n'];
    case 'ipxe-script':
      if (ipxe === undefined) throw new Error('booting an iPXE script needs an iPXE binary');
      if (ipxe.as === 'kernel') return ['-kernel', ipxe.binary, '-initrd', ipxe.script];
      return [
        ...drive('ipxe', `fat:${ipxe.folder}`, 'format=raw,readonly=on'),
        ...['-device', 'virtio-blk-pci,drive=ipxe,bootindex=0'],
      ];
    case 'iso':
      if (source.as === 'usb') {
        return [
          ...['-device', 'qemu-xhci'],
          ...drive('iso', source.file, 'format=raw,readonly=on'),
          ...['-device', 'usb-storage,drive=iso,bootindex=0'],
        ];
      }
      return [
        ...drive('iso', source.file, 'media=cdrom,format=raw,readonly=on'),
        ...(arch === 'x86_64'
          ? ['-device', 'ide-cd,drive=iso,bootindex=0']
          : ['-device', 'virtio-scsi-pci', '-device', 'scsi-cd,drive=iso,bootindex=0']),
      ];
    case 'kernel':
      return ['-kernel', source.kernel, '-initrd', source.initrd, '-append', source.parameters];
  }
}

function drive(id: string, file: string, options: string): string[] {
  return ['-drive', `if=none,id=${id},${options},file=${optionValue(file)}`];
}

/** QEMU's option syntax: a comma inside a value is doubled. */
function optionValue(value: string): string {
  return value.replaceAll(',', ',,');
}
