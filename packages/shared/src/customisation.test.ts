import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ExtraCmdline, formatCustomisation, kernelsOwn, parseCustomisation } from './customisation.ts';

const encode = (text: string) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** The same customisation in its canonical form, or why it is none. */
function read(text: string): string {
  const parsed = parseCustomisation(text);
  return parsed.ok ? formatCustomisation(parsed.customisation) : parsed.why;
}

// All of the word "example", by mkpasswd.
const SHA512 =
  'DQe666rCK8dcn.qa$7eZw0u7Ht76fIV5ExxlGIb1M6.zJs./Fxla7b/qEiRkPj3dU4zNJAR8FWUYvXCCjPX0rQkUuBE3HZIgx2sVbv.';
const BCRYPT = 'zcZCtQpHn.T6L3STj6QPDOycZ3KPqEntEsbgvq0btfWsn5z7GuvzG';
const YESCRYPT = 'GPaha6cv8OLe7VoJjmVGN1$bOJ6tzKYXCEO9FEM0tHS8gbECNfVOX8N1q.fHbqt5q5';

describe('password:', () => {
  it.each([
    ['yescrypt', `$y$j9T$${YESCRYPT}`],
    ['yescrypt with GOST', '$gy$j9T$NRIXqgEMNmvOOj1OpVD.5/$VnO0scTcMqAQKYu3O6vEmf/izgdesh//iqRBZH5C431'],
    ['scrypt', '$7$CU..../....6bAmhml.dSg5Ju.qzdj89/$gvv6lFCu3Byl474OTOC5FEy01q2varphy2V/9MZtYIA'],
    ['SHA-512', `$6$${SHA512}`],
    ['SHA-512 with more rounds', `$6$rounds=100000$${SHA512}`],
    ['bcrypt', `$2b$10$${BCRYPT}`],
  ])('takes a hash by %s', (_, hash) => {
    expect(read(`password:${encode(`${hash}\n`)}`)).toBe(`password:${encode(hash)}`);
  });

  it.each([
    ['a password', 'example'],
    ['MD5', '$1$6bAmhml.$NkWJPyzjp0hIY6Ar0mGNR1'],
    ['SHA-256', '$5$yiIT9xWrLfkzszYQ$9NzYkDZE4wvjm2rNHq3cHbJnnUB4ZfiBJdu1rfZFgrC'],
    ['SHA-512 with fewer rounds', `$6$rounds=1000$${SHA512}`],
    ['SHA-512 that takes minutes', `$6$rounds=999999999$${SHA512}`],
    ['SHA-512 without salt', `$6$$${SHA512.split('$')[1]}`],
    ['bcrypt that is quick', `$2b$05$${BCRYPT}`],
    ['bcrypt that takes hours', `$2b$31$${BCRYPT}`],
    ['yescrypt that is quick', `$y$j75$${YESCRYPT}`],
    ['a hash that is cut off', `$y$j9T$${YESCRYPT.slice(0, -1)}`],
    ['a second field of shadow(5)', `$y$j9T$${YESCRYPT}:0`],
    ['a second line', `$y$j9T$${YESCRYPT}\nroot`],
  ])('refuses %s', (_, hash) => {
    expect(read(`password:${encode(hash)}`)).toMatch(/^password: is no hash .*mkpasswd/);
  });

  it('refuses what is no base64url', () => {
    expect(read(`password:$2b$10$${BCRYPT}`)).toBe('password: is not base64url');
    expect(read('password:')).toBe('password: is not base64url');
  });

  it('refuses a second one', () => {
    const item = `password:${encode(`$2b$10$${BCRYPT}`)}`;
    expect(read(`${item},${item}`)).toBe('password: is given twice');
  });
});

describe('hostname:', () => {
  it('takes a name without a domain', () => {
    expect(read('hostname:Web-1')).toBe('hostname:web-1');
    expect(read(`hostname:${'a'.repeat(63)}`)).toBe(`hostname:${'a'.repeat(63)}`);
  });

  it.each(['', '-a', 'a-', 'a.example.org', 'a_b', 'a b', 'ä', 'a'.repeat(64)])('refuses %j', (name) => {
    expect(read(`hostname:${name}`)).toMatch(/^hostname: is no host name/);
  });

  it('refuses a second one', () => {
    expect(read('hostname:a,hostname:b')).toBe('hostname: is given twice');
  });
});

describe('an account', () => {
  it('is named as its forge names it', () => {
    expect(read('github:Alice')).toBe('github:alice');
    expect(read('gitlab:Alice.B_c')).toBe('gitlab:Alice.B_c');
    expect(read('codeberg:Alice.B')).toBe('codeberg:alice.b');
    expect(read('sourcehut:alice_b')).toBe('sourcehut:alice_b');
  });

  it.each([
    ['github:a_b', 'github: is not the name of a GitHub account'],
    ['gitlab:..', 'gitlab: is not the name of a GitLab account'],
    ['gitlab:-/x', 'gitlab: is not the name of a GitLab account'],
    ['codeberg:a..b', 'codeberg: is not the name of a Codeberg account'],
    ['sourcehut:~alice', 'sourcehut: is not the name of a SourceHut account (without ~)'],
  ])('that can be none is refused: %s', (item, why) => {
    expect(read(item)).toBe(why);
  });

  it('more is refused from nine on, wherever they are', () => {
    expect(read('github:a,gitlab:a,codeberg:a,sourcehut:ab,github:b,gitlab:b,codeberg:b,sourcehut:bc')).toContain(',');
    expect(read(`${'github:a,gitlab:a,codeberg:a,'.repeat(3)}`.slice(0, -1))).toBe('it has more than 8 accounts');
  });
});

describe('cmdline:', () => {
  it('has room for a whole network, and says where it ends', () => {
    const long = Array(30).fill('rd.route=2001:db8:1234:5678::/64:2001:db8::1:eth0').join(' ');
    expect(read(`cmdline:${encode(long)}`)).toBe(`cmdline:${encode(long)}`);
    expect(read(`cmdline:${encode(`${long} ${'a'.repeat(50)}`)}`)).toBe('cmdline: is longer than 1500 characters');
    expect(read(`cmdline:${encode('a  b')}`)).toContain('single blanks');
  });

  it('is told apart: what the kernel alone obeys, and what the booted system finds elsewhere, too', () => {
    const text =
      'console=ttyS1 ip=eth0:dhcp rd.route=10.0.0.0/8:10.0.0.1 quiet live.nixos.hostname=a rd.shell ipv6.disable=1';
    expect(kernelsOwn(v.parse(ExtraCmdline, text))).toBe('console=ttyS1 quiet rd.shell ipv6.disable=1');
  });
});

it('an item that is none is told what there is', () => {
  expect(read('github:alice,web-1')).toMatch(/^an item is none of github:.*hostname:<name>, password:<base64url>$/);
});
