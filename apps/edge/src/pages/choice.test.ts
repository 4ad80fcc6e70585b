import { formatCustomisation } from '@nixos-images/shared';
import { describe, expect, it } from 'vitest';
import { readChoice } from './choice.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD alice@example.org';
const read = (query: Record<string, string>) => readChoice(new URLSearchParams(query));

describe('a choice', () => {
  it('that leaves everything open is what most people need', () => {
    const { choice, faults } = read({ arch: '', github: ' ', nonsense: 'x' });
    expect(choice).toEqual({ have: 'linux', arch: 'x86_64' });
    expect(faults).toEqual([]);
  });

  it('takes accounts and keys as people have them at hand', () => {
    const { choice, faults } = read({
      github: '@Alice, https://github.com/bob gitlab:Carol',
      key: `${KEY}\r\n\r\n${KEY}\n`,
      arch: 'AMD64',
    });
    expect(faults).toEqual([]);
    expect(choice.customisation && formatCustomisation(choice.customisation)).toBe(
      `github:alice,github:bob,gitlab:Carol,key:${btoa(KEY).replaceAll('=', '')},key:${btoa(KEY).replaceAll('=', '')}`,
    );
    expect(choice.arch).toBe('x86_64');
  });

  it.each([
    [{ have: 'punched-cards' }, 'have'],
    [{ arch: 'riscv64' }, 'arch'],
    [{ firmware: 'openboot' }, 'firmware'],
    [{ channel: '../..' }, 'channel'],
    [{ variant: 'Big' }, 'variant'],
    [{ github: 'alice/bob' }, 'github'],
    [{ github: 'a b c d e f g h i' }, 'github'],
    [{ key: `command="x" ${KEY}` }, 'key'],
    [{ key: `${KEY}\n`.repeat(60) }, 'key'],
    [{ cmdline: 'a  b' }, 'cmdline'],
    [{ hostname: 'a.b' }, 'hostname'],
    [{ password: 'secret' }, 'password'],
    [{ gateway: '192.0.2.1' }, 'address'],
    [{ address: '192.0.2.10' }, 'address'],
    [{ address: '192.0.2.10/24', gateway: '2001:db8::1' }, 'gateway'],
    [{ address: '192.0.2.256/24' }, 'address'],
    [{ nameserver: 'dns.example.org' }, 'nameserver'],
    [{ address: '192.0.2.10/24', port: 'eno1:x' }, 'port'],
  ])('%j is wrong at the field %s', (query, field) => {
    expect(read(query).faults.map((fault) => fault.field)).toEqual([field]);
  });

  it.each([
    [{ address: '192.0.2.10/23' }, 'ip=192.0.2.10:::255.255.254.0:::none'],
    [
      {
        address: '192.0.2.10/24',
        gateway: '192.0.2.1',
        nameserver: '192.0.2.1, 9.9.9.9',
        port: 'eno1',
        cmdline: 'quiet',
      },
      'ip=192.0.2.10::192.0.2.1:255.255.255.0::eno1:none nameserver=192.0.2.1 nameserver=9.9.9.9 quiet',
    ],
    [
      { address: '2001:db8::10/64', gateway: 'fe80::1', nameserver: '2001:db8::1' },
      'ip=[2001:db8::10]::[fe80::1]:64:::none nameserver=[2001:db8::1]',
    ],
  ])('of a network without DHCP is kernel parameters', (query, cmdline) => {
    const { choice, faults } = read(query);
    expect(faults).toEqual([]);
    expect(choice.customisation?.cmdline).toBe(cmdline);
  });

  it('says which line is no key, and never gives a private one back', () => {
    expect(read({ key: `${KEY}\nrubbish` }).faults[0]?.sentence).toContain('Line 2 is');
    const filled = read({ key: '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb' });
    expect(filled.faults[0]?.sentence).toContain('This is a private key');
    expect(JSON.stringify(filled)).not.toContain('b3Blb');
  });
});
