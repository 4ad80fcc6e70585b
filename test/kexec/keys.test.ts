import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESSES, type Login, tryLogins } from './real-sshd.ts';

const PROGRAMS = ['key-blob', 'key-options', 'key-from', 'authorized-keys'].map((name) =>
  join(import.meta.dirname, `../../nix/kexec/${name}.awk`),
);

let folder: string;
const keys = new Map<string, string>();
/** The public key's line, without a comment. */
const key = (name: string): string => keys.get(name) ?? `no key ${name}`;

async function makeKey(name: string, ...args: string[]): Promise<void> {
  const file = join(folder, name);
  await execa('ssh-keygen', ['-q', '-N', '', '-C', '', '-f', file, ...args]);
  keys.set(name, (await readFile(`${file}.pub`, 'utf8')).trim());
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-test-'));
  await makeKey('ed25519', '-t', 'ed25519');
  await makeKey('other', '-t', 'ed25519');
  await makeKey('rsa', '-t', 'rsa', '-b', '2048');
  await makeKey('rsa1024', '-t', 'rsa', '-b', '1024');
  for (const bits of ['256', '384', '521']) await makeKey(`ecdsa${bits}`, '-t', 'ecdsa', '-b', bits);
  await makeKey('authority', '-t', 'ed25519');
  await makeKey('signed', '-t', 'ed25519');
  const authority = join(folder, 'authority');
  await execa('ssh-keygen', ['-q', '-s', authority, '-I', 'me', '-n', 'root,admin', join(folder, 'signed.pub')]);
});
afterAll(() => rm(folder, { recursive: true }));

interface Verdict {
  readonly verdict: string;
  readonly reason: string;
  readonly line: string;
}

/** What the installer's side says of the files of these users, as kexec/run asks it. */
async function judge(files: Readonly<Record<string, string>>, address = ''): Promise<Verdict[]> {
  const own = await mkdtemp(join(folder, 'judge-'));
  const args: string[] = [];
  for (const [user, text] of Object.entries(files)) {
    await writeFile(join(own, user), text);
    args.push(`user=${user}`, join(own, user));
  }
  const { stdout } = await execa('busybox', [
    ...[
      'awk',
      '-v',
      'now=20261126120000',
      '-v',
      `address=${address}`,
      ...PROGRAMS.flatMap((program) => ['-f', program]),
    ],
    ...args,
  ]);
  return stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const [verdict = '', reason = '', , ...line] = text.split('\t');
      return { verdict, reason, line: line.join('\t') };
    });
}

const letsIn = (verdicts: readonly Verdict[]): boolean => verdicts.some(({ verdict }) => verdict === 'login');
const merged = (verdicts: readonly Verdict[]): string =>
  verdicts.flatMap(({ verdict, line }) => (verdict === 'left' ? [] : [`${line}\n`])).join('');

/** Lines with KEY in them, by the key that is tried; every one is put to the real sshd, too. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  ed25519: [
    'KEY',
    'KEY a comment',
    ' \tKEY\tcomment\r',
    '# KEY',
    'environment="A B",command="date" KEY',
    'environment="A=b c" KEY',
    'environment="A-b=c" KEY',
    'Command="date" KEY',
    'COMMAND="echo \\"a b\\"",no-pty KEY',
    'command="a\\\\" KEY',
    'command="echo KEY',
    'command=date KEY',
    'command="a",command="b" KEY',
    'No-Pty,RESTRICT KEY',
    'restrict,pty KEY',
    'no-restrict KEY',
    'ptys KEY',
    'no-pty, KEY',
    ',no-pty KEY',
    'no-pty,,no-x11-forwarding KEY',
    'no-pty , KEY',
    'no-such-option KEY',
    'tunnel="0" KEY',
    'tunnel="any" KEY',
    'tunnel="x" KEY',
    'permitopen="localhost:80",permitopen="[2001:db8::1]:*" KEY',
    'permitopen="80" KEY',
    'permitopen="localhost:0" KEY',
    'permitlisten="8080" KEY',
    'permitlisten="localhost:8080" KEY',
    'expiry-time="20200101" KEY',
    'expiry-time="20991231" KEY',
    'expiry-time="20991231Z",expiry-time="202001010000" KEY',
    'Expiry-Time="20991231235959UTC" KEY',
    'expiry-time="2099" KEY',
    'expiry-time="20991340" KEY',
    'expiry-time="never" KEY',
    'principals="root" KEY',
    'no-touch-required,verify-required KEY',
    'from="192.0.2.7" KEY',
    'from="192.0.2.0/24" KEY',
    'from="192.0.2.1/24" KEY',
    'from="192.0.2.0/33" KEY',
    'from="192.0.2.*,198.51.100.?" KEY',
    'from="198.51.100.0/24" KEY',
    'from="!192.0.2.7,*" KEY',
    'from="*,!192.0.2.0/24" KEY',
    'from="*" KEY',
    'from="" KEY',
    'from="192.0.2.7," KEY',
    'from="192.0.2.7, 198.51.100.1" KEY',
    'from="*.example.org" KEY',
    'from="::ffff:192.0.2.7" KEY',
    'from="2001:db8::/32" KEY',
    'from="2001:DB8:0:0::7" KEY',
    'from="192.0.2.7",from="192.0.2.7" KEY',
    'ssh-ed25519 AAAA... me',
    'ssh-ed25519 YOUR_PUBLIC_KEY_HERE',
    '<put your key here>',
  ],
  rsa: ['KEY', 'no-pty KEY'],
  rsa1024: ['KEY'],
  ecdsa256: ['KEY'],
  ecdsa384: ['KEY'],
  ecdsa521: ['KEY'],
  signed: [
    'cert-authority AUTHORITY',
    'cert-authority,principals="root" AUTHORITY',
    'cert-authority,command="date" AUTHORITY',
  ],
};

describe('a line of authorized_keys is a way in exactly where the real sshd lets its holder in to a shell', () => {
  async function expectAgreement(cases: readonly (Login & { readonly name: string })[]): Promise<void> {
    const sshd = await tryLogins(cases);
    const ours = await Promise.all(
      cases.map(async ({ authorizedKeys, from }) =>
        letsIn(await judge({ root: authorizedKeys }, from ?? ADDRESSES[0])),
      ),
    );
    const table = (answers: readonly boolean[]) => cases.map(({ name }, index) => `${answers[index]} ${name}`);
    expect(table(ours)).toEqual(table(sshd));
    // Neither says the same to everything.
    expect(new Set(sshd).size).toBe(2);
  }

  it('in a table of all options and types', { timeout: 300_000 }, async () => {
    const cases = Object.entries(LINES).flatMap(([name, lines]) =>
      lines.flatMap((line) =>
        (line.includes('from=') ? ADDRESSES : ADDRESSES.slice(0, 1)).map((from) => ({
          name: `${name} from ${from}: ${line}`,
          authorizedKeys: `${line.replace('KEY', key(name)).replace('AUTHORITY', key('authority'))}\n`,
          identity: join(folder, name),
          from,
        })),
      ),
    );
    await expectAgreement(cases);
  });

  it('for keys that were cut, joined or named wrongly', { timeout: 300_000 }, async () => {
    const cases = ['ed25519', 'rsa', 'ecdsa256'].flatMap((name) => {
      const [type = '', blob = ''] = key(name).split(' ');
      const middle = Math.floor(blob.length / 8) * 4;
      const damaged = {
        whole: blob,
        'without its end': blob.slice(0, -4),
        'without its last sign': blob.slice(0, -1),
        'without four signs of its middle': blob.slice(0, middle) + blob.slice(middle + 4),
        'with a blank in its middle': `${blob.slice(0, middle)} ${blob.slice(middle)}`,
        'with dots in its middle': `${blob.slice(0, middle)}....${blob.slice(middle + 4)}`,
        'with something behind it': `${blob}AAAA`,
        twice: blob + blob,
        'of another type': blob.replace('AAAAC3', 'AAAAB3'),
      };
      return [
        ...Object.entries(damaged).map(([what, text]) => ({ name: `${name} ${what}`, line: `${type} ${text}` })),
        { name: `${name} called rsa-sha2-512`, line: `rsa-sha2-512 ${blob}` },
        { name: `${name} called ssh-dss`, line: `ssh-dss ${blob}` },
        { name: `${name} called SSH-RSA`, line: `SSH-RSA ${blob}` },
        { name: `${name} without a type`, line: blob },
      ].map(({ name: what, line }) => ({ name: what, authorizedKeys: `${line}\n`, identity: join(folder, name) }));
    });
    await expectAgreement(cases);
  });

  it('for options in any order, case and number', { timeout: 300_000 }, async () => {
    const option = fc.constantFrom(
      ...['restrict', 'pty', 'no-pty', 'user-rc', 'no-agent-forwarding', 'x11-forwarding', 'command="date"', ''],
      ...['environment="A=\\"b, c\\" d"', 'environment="A B"', 'permitopen="a:1"', 'tunnel="1"', 'principals="x"'],
      ...['expiry-time="20991231"', 'expiry-time="20200101"', 'from="192.0.2.0/24"', 'from="!192.0.2.7,*"', 'sesame'],
    );
    const line = fc
      .tuple(fc.array(fc.tuple(option, fc.boolean()), { minLength: 1, maxLength: 4 }), fc.constantFrom(...ADDRESSES))
      .map(([options, from]) => ({
        options: options.map(([text, upper]) => (upper ? text.replace(/^[^=]*/, (name) => name.toUpperCase()) : text)),
        from,
      }));
    const cases = fc.sample(line, 40).map(({ options, from }) => ({
      name: `from ${from}: ${options.join(',')}`,
      authorizedKeys: `${options.join(',')} ${key('ed25519')}\n`,
      identity: join(folder, 'ed25519'),
      from,
    }));
    await expectAgreement(cases);
  });
});

describe('the lines of two users, as one file for root,', () => {
  it('let in whom one of them let in, and nobody else', { timeout: 300_000 }, async () => {
    const option = fc.constantFrom(
      ...['', 'no-pty ', 'command="date" ', 'from="192.0.2.0/24" ', 'from="2001:db8::/32" ', 'expiry-time="20200101" '],
      ...['from="192.0.2.0/24",command="date" ', 'sesame '],
    );
    const lines = fc.array(option, { minLength: 1, maxLength: 3 });
    const samples = fc.sample(fc.tuple(lines, lines, fc.constantFrom(...ADDRESSES)), 15).map(([admin, root, from]) => ({
      files: [admin, root].map((options) => options.map((option) => `${option}${key('ed25519')}\n`).join('')),
      from,
      name: `from ${from}: admin ${admin.join('|')} root ${root.join('|')}`,
    }));
    const judged = await Promise.all(
      samples.map(({ files: [admin = '', root = ''], from }) => judge({ admin, root }, from)),
    );
    const answers = await tryLogins(
      samples.flatMap(({ files, from }, index) =>
        [...files, merged(judged[index] ?? [])].map((authorizedKeys) => ({
          authorizedKeys,
          from,
          identity: join(folder, 'ed25519'),
        })),
      ),
    );
    for (const [index, { name }] of samples.entries()) {
      const [admin = false, root = false, together] = answers.slice(index * 3, index * 3 + 3);
      expect(`${name}: ${together}`).toBe(`${name}: ${admin || root}`);
      expect(`${name}: ${letsIn(judged[index] ?? [])}`).toBe(`${name}: ${together}`);
    }
  });

  it.each([
    ['a cloud’s command= for root gives way', ['KEY'], ['command="echo log in as admin" KEY'], ['KEY']],
    ['root’s own line stays beside a caller’s command=', ['command="backup" KEY'], ['KEY'], ['KEY']],
    [
      'lines for different addresses both stay',
      ['from="192.0.2.0/24" KEY'],
      ['from="198.51.100.0/24" KEY'],
      ['from="192.0.2.0/24" KEY', 'from="198.51.100.0/24" KEY'],
    ],
    ['a line for one address goes where all may come', ['KEY one'], ['from="192.0.2.0/24" KEY'], ['KEY one']],
    [
      'a line for all comes after one for an address',
      ['no-pty,from="192.0.2.0/24" KEY'],
      ['no-pty KEY'],
      ['no-pty KEY'],
    ],
    ['a restriction stays in front within one file', [], ['command="a" KEY', 'KEY'], ['command="a" KEY', 'KEY']],
    ['two commands both stay', ['command="a" KEY'], ['command="b" KEY'], ['command="a" KEY', 'command="b" KEY']],
    ['the same line twice is one', ['KEY'], ['KEY'], ['KEY']],
    [
      'a longer expiry takes the place of a shorter',
      ['expiry-time="20980101" KEY'],
      ['expiry-time="20990101" KEY'],
      ['expiry-time="20990101" KEY'],
    ],
    ['more environment is not lost', ['KEY'], ['environment="A=b" KEY'], ['environment="A=b" KEY']],
  ])('%s', async (_, admin, root, expected) => {
    const text = (lines: readonly string[]) => lines.map((line) => `${line.replace('KEY', key('ed25519'))}\n`).join('');
    expect(merged(await judge({ admin: text(admin), root: text(root) }))).toBe(text(expected));
  });
});

describe('why a line is no way in', () => {
  it.each([
    ['ssh-ed25519 AAAA... me', 'a placeholder, or a key that is cut off or damaged'],
    ['ssh-dss AAAAB3NzaC1kc3M= me', 'a DSA key, which sshd no longer takes'],
    ['hello', 'no key'],
    ['command="x" KEY', 'may only run a command'],
    ['expiry-time="20261126115900" KEY', 'expired, or about to'],
    ['from="*.example.org" KEY', 'no address fits its from='],
    ['from="192.0.2.1/24" KEY', 'no address fits its from='],
    ['environment="A B" KEY', 'sshd does not take its options: environment'],
    ['sesame KEY', 'sshd does not take its options: something unknown at sesame'],
  ])('is said: %s', async (line, reason) => {
    expect(await judge({ root: `${line.replace('KEY', key('ed25519'))}\n` })).toMatchObject([{ reason }]);
  });

  it('is that sshd stops at an earlier line with the same key', async () => {
    const [, second] = await judge({ root: `command="x" ${key('ed25519')}\n${key('ed25519')}\n` });
    expect(second).toMatchObject({ verdict: 'kept', reason: expect.stringContaining('sshd goes by the same key in') });
  });

  it('is nothing where it may only come from somewhere, and nobody knows where one comes from', async () => {
    expect(letsIn(await judge({ root: `from="192.0.2.0/24,!192.0.2.9" ${key('ed25519')}\n` }))).toBe(true);
  });
});
