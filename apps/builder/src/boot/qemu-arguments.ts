import type { Arch } from '@nixos-images/shared';
import type { UefiFirmware } from './firmware.ts';
import type { BootSource, MachineDescription, Switch, Wire, Wiring } from './machine-description.ts';

/** What is known only when a machine is about to start. */
export interface StartDetails {
  readonly accelerator: 'kvm' | 'tcg';
  readonly sshPort: number;
  readonly uefi: UefiFirmware | undefined;
  readonly ipxe: IpxeFiles | undefined;
  /** Between the cards and the network, where the wiring has one. */
  readonly between: Switch | undefined;
}

/**
 * How iPXE gets a script of ours. `kernel`: BIOS starts an iPXE binary like a Linux kernel, the script is its initrd.
 * `tftp`: the NIC's ROM loads it from QEMU's own TFTP server. `drive`: UEFI starts an iPXE binary from a FAT drive.
 */
export type IpxeFiles =
  | { readonly as: 'kernel'; readonly binary: string; readonly script: string }
  | { readonly as: 'tftp'; readonly folder: string; readonly script: string }
  | { readonly as: 'drive'; readonly folder: string };

// `graphics=off` brings SeaBIOS's and iPXE's text to
// the serial line. i440fx, because its IDE is the one CD controller that Debian's cloud kernel has a driver for.
const BOARD: Readonly<Record<Arch, readonly string[]>> = {
  x86_64: ['-machine', 'pc,graphics=off'],
  aarch64: ['-machine', 'virt', '-cpu', 'cortex-a57'],
};

const MACS = ['52:54:00:12:34:56', '52:54:00:12:34:57'] as const;

/** The command line (without the program) that makes QEMU be the described machine, its console on stdio. */
export function qemuArguments(machine: MachineDescription, details: StartDetails): string[] {
  return [
    ...['-name', machine.name, '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...BOARD[machine.arch],
    ...['-accel', details.accelerator],
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
  const file = bootFile(machine.boot, details.ipxe);
  const user = `user,id=upstream${file},hostfwd=tcp:127.0.0.1:${details.sshPort}-${machine.sshAddress}:22`;
  // Only a machine that boots from its NIC's iPXE needs the ROM, and QEMU refuses to start where none is installed.
  const rom = [
    ...(file === '' || machine.boot.from === 'http' ? [',romfile='] : []),
    ...(file === '' ? [] : [',bootindex=0']),
  ].join('');
  return ['-netdev', user, ...cards(machine.wiring, rom, details.between)];
}

function cards(wiring: Wiring, rom: string, between: Switch | undefined): string[] {
  // Only links of one known speed can be aggregated, and virtio's has none by itself.
  const speed = (between?.ports.length ?? 0) > 1 ? ',speed=1000,duplex=full' : '';
  const card = (netdev: string, mac: (typeof MACS)[number]): string[] => [
    ...['-device', `virtio-net-pci,netdev=${netdev},mac=${mac}${speed}${rom}`],
  ];
  // A hub, so that several things hang on one wire.
  const hub = (name: string, netdev?: string): string[] => [
    ...['-netdev', `hubport,id=${name},hubid=0${netdev === undefined ? '' : `,netdev=${netdev}`}`],
  ];
  switch (wiring.as) {
    case 'plain':
      return card('upstream', MACS[0]);
    case 'pair':
      return [
        ...[...hub('router', 'upstream'), ...hub('first'), ...hub('second')],
        ...[...card('first', MACS[0]), ...card('second', MACS[1])],
      ];
    case 'switch': {
      if (between === undefined) throw new Error('the switch was not started');
      const socket = (id: string, wire: Wire): string[] => [
        ...['-netdev', `socket,id=${id},udp=127.0.0.1:${wire.switch},localaddr=127.0.0.1:${wire.qemu}`],
      ];
      return [
        ...[...socket('switch', between.upstream), ...hub('router', 'upstream'), ...hub('untagged', 'switch')],
        ...between.ports.flatMap((wire, index) => [
          ...socket(`port${index}`, wire),
          ...card(`port${index}`, MACS[index] ?? MACS[0]),
        ]),
      ];
    }
  }
}

function bootFile(source: BootSource, ipxe: IpxeFiles | undefined): string {
  if (source.from === 'network' || source.from === 'http') return `,bootfile=${optionValue(source.address)}`;
  if (source.from === 'ipxe-script' && ipxe?.as === 'tftp') {
    return `,tftp=${optionValue(ipxe.folder)},bootfile=${optionValue(ipxe.script)}`;
  }
  return '';
}

function boot(source: BootSource, arch: Arch, ipxe: IpxeFiles | undefined): string[] {
  switch (source.from) {
    case 'network':
      return ['-boot', 'n'];
    case 'http':
      // It would try PXE for a minute first (https://github.com/tianocore/edk2/blob/master/OvmfPkg/README).
      return ['IPv4PXESupport', 'IPv6PXESupport'].flatMap((name) => [
        '-fw_cfg',
        `name=opt/org.tianocore/${name},string=n`,
      ]);
    case 'ipxe-script':
      switch (ipxe?.as) {
        case 'kernel':
          return ['-kernel', ipxe.binary, '-initrd', ipxe.script];
        case 'tftp':
          return ['-boot', 'n'];
        case 'drive':
          return [
            ...drive('ipxe', `fat:${ipxe.folder}`, 'format=raw,readonly=on'),
            ...['-device', 'virtio-blk-pci,drive=ipxe,bootindex=0'],
          ];
        default:
          throw new Error('an iPXE script can only be booted with an iPXE');
      }
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
