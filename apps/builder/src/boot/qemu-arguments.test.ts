import { describe, expect, it } from 'vitest';
import { FIRST_DHCP_ADDRESS, type MachineDescription } from './machine-description.ts';
import { qemuArguments } from './qemu-arguments.ts';

const KERNEL = { from: 'kernel', kernel: '/k', initrd: '/i', parameters: 'console=ttyS0' } as const;
const MACHINE: MachineDescription = {
  name: 'test',
  arch: 'x86_64',
  firmware: 'bios',
  memoryMiB: 512,
  boot: KERNEL,
  disks: [],
  wiring: { as: 'plain' },
  sshAddress: FIRST_DHCP_ADDRESS,
};
const DETAILS = { accelerator: 'tcg' as const, sshPort: 2222, uefi: undefined, ipxe: undefined, between: undefined };

function command(machine: Partial<MachineDescription>, details: Partial<Parameters<typeof qemuArguments>[1]> = {}) {
  return qemuArguments({ ...MACHINE, ...machine }, { ...DETAILS, ...details }).join(' ');
}

describe('the QEMU command line', () => {
  it('never writes to a disk that was handed over', () => {
    expect(command({ disks: ['/a.img', '/b.img'] })).toMatch(/snapshot=on,file=\/a\.img.*snapshot=on,file=\/b\.img/);
    expect(command({ boot: { from: 'iso', file: '/x.iso', as: 'cd' } })).toContain('readonly=on,file=/x.iso');
    expect(command({ boot: { from: 'iso', file: '/x.iso', as: 'usb' } })).toContain('readonly=on,file=/x.iso');
  });

  it('keeps UEFI variables of one machine out of the next', () => {
    const uefi = { code: '/code.fd', variables: '/vars.fd' };
    const line = command({ firmware: 'uefi' }, { uefi });
    expect(line).toContain('readonly=on,file=/code.fd');
    expect(line).toContain('snapshot=on,file=/vars.fd');
  });

  it('asks for the ROM of the network card only when it boots from it', () => {
    expect(command({})).toContain('romfile=');
    const netboot = command({ boot: { from: 'network', address: 'http://10.0.2.2:1/boot.ipxe' } });
    expect(netboot).not.toContain('romfile=');
    expect(netboot).toContain('bootfile=http://10.0.2.2:1/boot.ipxe');
  });

  it("leaves UEFI's own HTTP boot alone with the card", () => {
    const line = command({ boot: { from: 'http', address: 'http://10.0.2.2:1/x.efi' }, firmware: 'uefi' });
    expect(line).toContain('bootfile=http://10.0.2.2:1/x.efi');
    expect(line).toContain('romfile=,bootindex=0');
    expect(line).toContain('name=opt/org.tianocore/IPv4PXESupport,string=n');
  });

  it('leads the SSH port to the address that the guest is expected at', () => {
    expect(command({ sshAddress: '10.0.2.77' })).toContain('hostfwd=tcp:127.0.0.1:2222-10.0.2.77:22');
  });

  it('puts both cards of a pair on the wire to the router', () => {
    const line = command({ wiring: { as: 'pair' } });
    expect(line.match(/hubport,id=\w+,hubid=0/g)).toHaveLength(3);
    expect(line.match(/virtio-net-pci/g)).toHaveLength(2);
  });

  it('leads a trunk through the switch', () => {
    const between = { ports: [{ qemu: 1, switch: 2 }], upstream: { qemu: 3, switch: 4 }, close: () => undefined };
    const line = command({ wiring: { as: 'switch', start: async () => between } }, { between });
    expect(line).toContain('udp=127.0.0.1:2,localaddr=127.0.0.1:1');
    expect(line).toContain('udp=127.0.0.1:4,localaddr=127.0.0.1:3');
    expect(line).toContain('virtio-net-pci,netdev=port0');
  });

  it('gives both cards of an aggregate a port of their own', () => {
    const ports = [
      { qemu: 1, switch: 2 },
      { qemu: 5, switch: 6 },
    ];
    const between = { ports, upstream: { qemu: 3, switch: 4 }, close: () => undefined };
    const line = command({ wiring: { as: 'switch', start: async () => between } }, { between });
    expect(line).toMatch(/id=port0,udp=127\.0\.0\.1:2,.*netdev=port0,mac=(\S+?),.*netdev=port1,mac=(?!\1)/);
    expect(line).toContain('udp=127.0.0.1:6,localaddr=127.0.0.1:5');
    expect(line.match(/speed=1000,duplex=full/g)).toHaveLength(2);
  });

  it('cannot be led astray by a comma in a file name', () => {
    expect(command({ disks: ['/a,readonly=off.img'] })).toContain('file=/a,,readonly=off.img');
  });

  it('gives aarch64 machines the board that has no BIOS', () => {
    expect(command({ arch: 'aarch64', firmware: 'uefi' })).toContain('-machine virt -cpu cortex-a57');
  });
});
