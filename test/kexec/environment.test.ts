import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';

const SHELLS = ['dash', 'busybox sh', 'bash', 'bash --posix', 'mksh', 'yash'];

/** What callers have been seen to bring along, each enough to mislead a script that trusts it. */
const ENVIRONMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a CDPATH': { CDPATH: '.:/tmp' },
  'a relative TMPDIR': { TMPDIR: 'work' },
  'a TMPDIR that is not there': { TMPDIR: '/nowhere/at all' },
  POSIXLY_CORRECT: { POSIXLY_CORRECT: '1' },
  'an IFS of its own': { IFS: '/e' },
  'options for grep and tar': { GREP_OPTIONS: '--color=always -v', TAR_OPTIONS: '--no-recursion', GREP_COLOR: '7' },
  'a locale that is not there': { LC_ALL: 'xx_XX.UTF-8', LANG: 'xx_XX.UTF-8' },
  'the C locale': { LC_ALL: 'C' },
  'noclobber for each shell': { ENV: '/dev/fd/3', BASH_ENV: '/dev/fd/3', SHELLOPTS: 'noclobber:noglob' },
  'functions named like programs': { 'BASH_FUNC_cat%%': '() { echo mine; }', 'BASH_FUNC_grep%%': '() { return 0; }' },
  'an empty PATH': { PATH: '' },
  'names that the script itself uses': {
    force: 'yes',
    work: '/',
    state: '/',
    caller: 'nobody',
    login_keys: '0',
    here: '/',
  },
};

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.make();
  await mkdir(join(machine.folder, 'kexec/elsewhere'));
  await writeFile(join(machine.folder, 'noclobber'), 'set -C\nalias cat=false\numask 000\n');
});
afterAll(() => machine[Symbol.asyncDispose]());

/** What a dry run says that is started from the unpacked folder's parent by its relative name. */
async function dryRun(shell: string, environment: Readonly<Record<string, string>>, before = ':'): Promise<string> {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const assignments = Object.entries({ PATH: path, TMPDIR: '/tmp', ...environment }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const script = `mount --bind "$1/home" /root && cd "$1" && ${before} && shift && exec 3<noclobber env -i "$@"`;
  const [program, ...args] = shell.split(' ');
  const { stdout: found } = await execa('sh', ['-c', `command -v ${program}`]);
  const { stdout, stderr, exitCode } = await execa(
    'unshare',
    [
      ...['--map-root-user', '--mount', 'sh', '-c', script, 'sh', machine.folder],
      ...[...assignments, found, ...args, 'kexec/run', '--dry-run', '--force'],
    ],
    { reject: false },
  );
  expect(
    stderr.split('\n').filter((line) => /cut short|missing or empty|no room|not found:|cannot/.test(line)),
  ).toEqual([]);
  expect(exitCode, stderr).toBe(0);
  // A DHCP client of another test may come and go.
  return stdout.replace('  host-state/network/dhcp4\n', '');
}

describe('whatever the caller has set, kexec/run does the same', () => {
  let usual: string;
  beforeAll(async () => {
    usual = await dryRun('dash', {});
    expect(usual).toContain('dry run: the machine could boot into nixos');
  });

  it.each(Object.keys(ENVIRONMENTS))('with %s', async (name) => {
    expect(await dryRun('dash', ENVIRONMENTS[name] ?? {})).toBe(usual);
  });

  it.each(SHELLS)('in %s, with nothing set and with everything at once', async (shell) => {
    expect(await dryRun(shell, {})).toBe(usual);
    expect(await dryRun(shell, Object.assign({}, ...Object.values(ENVIRONMENTS)), 'umask 000')).toBe(usual);
  });
});
