import { describe, expect, it } from 'vitest';
import { asSeenFromGuest, netbootMachine } from './image-machine.ts';

const MIB = 1024 * 1024;

describe('a machine for an image', () => {
  it('reaches this machine by the address that QEMU gives it', () => {
    expect(asSeenFromGuest(new URL('http://127.0.0.1:8787/boot.ipxe')).href).toBe('http://10.0.2.2:8787/boot.ipxe');
    expect(asSeenFromGuest(new URL('http://[::1]:8787/')).href).toBe('http://10.0.2.2:8787/');
    expect(asSeenFromGuest(new URL('http://images.example.org/')).href).toBe('http://images.example.org/');
  });

  it('gets an address over DHCP where it fits into 127 characters, and from a script of its own where not', () => {
    const from = (address: string) => netbootMachine('', 'x86_64', 'bios', new URL(address), MIB).boot;
    const base = 'http://10.0.2.2:1/';
    const longest = base + 'a'.repeat(127 - base.length);
    expect(from(longest)).toEqual({ from: 'network', address: longest });
    expect(from(`${longest}a`)).toMatchObject({ from: 'ipxe-script', script: expect.stringContaining(`${longest}a`) });
  });

  it('has memory for the image, unpacked, and never less than a small system needs', () => {
    const memory = (bytes: number) => netbootMachine('', 'x86_64', 'bios', new URL('http://a/'), bytes).memoryMiB;
    expect(memory(0)).toBe(768);
    expect(memory(365 * MIB)).toBeGreaterThanOrEqual(2048);
  });
});
