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
      github: '@Alice, https://github.com/bob',
      key: `${KEY}\r\n\r\n${KEY}\n`,
      arch: 'AMD64',
    });
    expect(faults).toEqual([]);
    expect(choice.customisation).toEqual({ github: ['alice', 'bob'], keys: [KEY, KEY], cmdline: undefined });
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
  ])('%j is wrong at the field %s', (query, field) => {
    expect(read(query).faults.map((fault) => fault.field)).toEqual([field]);
  });

  it('says which line is no key, and never gives a private one back', () => {
    expect(read({ key: `${KEY}\nrubbish` }).faults[0]?.sentence).toContain('Line 2 is');
    const filled = read({ key: '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb' });
    expect(filled.faults[0]?.sentence).toContain('This is a private key');
    expect(JSON.stringify(filled)).not.toContain('b3Blb');
  });
});
