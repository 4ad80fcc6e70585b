import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blob, Machine } from './machine.ts';
import { tryLogins } from './real-sshd.ts';

const OTHER = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD ubuntu';
const PLEASE = `no-pty,command="echo 'Please login as ubuntu'" ${OTHER}\n`;
const PASSWD = 'mount --bind "$1/passwd" /etc/passwd';

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.make();
  const { folder } = machine;
  await mkdir(join(folder, 'ubuntu/.ssh'), { recursive: true });
  await writeFile(join(folder, 'ubuntu/.ssh/authorized_keys'), `${OTHER}\n`);
  const passwd = ['root:x:0:0::/root:/bin/sh', `ubuntu:x:1000:1000::${folder}/ubuntu:/bin/sh`];
  await writeFile(join(folder, 'passwd'), `${passwd.join('\n')}\n`);
});
afterEach(() => machine[Symbol.asyncDispose]());

const rootKeys = (text: string) => writeFile(join(machine.folder, 'home/.ssh/authorized_keys'), text);

describe('where root’s own keys give no shell, as on clouds,', () => {
  beforeEach(() => rootKeys(PLEASE));

  it('the refusal names the file whose key would do, and how to take it', async () => {
    const { stderr, exitCode } = await machine.run(['--dry-run'], PASSWD);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`ubuntu has one in ${machine.folder}/ubuntu/.ssh/authorized_keys`);
    expect(stderr).toContain('run --keys-of ubuntu');
    expect(stderr).toContain('authorized_keys:1: may only run a command');
  });

  it.each([['--keys-of', 'ubuntu'], ['--keys-of=ubuntu']])('%s %s takes it', async (...args) => {
    const { stdout } = await machine.run([...args, '--dry-run', '--force'], PASSWD);
    expect(stdout).toContain(`authorized keys:\n  ${OTHER}\nkernel`);
  });

  it.each(['SUDO_USER', 'DOAS_USER'])('the user whom %s names brings it along', async (variable) => {
    const { stdout } = await machine.run(['--dry-run', '--force'], PASSWD, { [variable]: 'ubuntu' });
    expect(stdout).toContain(`authorized keys:\n  ${OTHER}\nkernel`);
  });

  it('the user whose number pkexec gives brings it along', async () => {
    const { stdout } = await machine.run(['--dry-run', '--force'], PASSWD, { PKEXEC_UID: '1000' });
    expect(stdout).toContain(`authorized keys:\n  ${OTHER}\nkernel`);
  });

  it('a user that is not there is a mistake', async () => {
    const { stderr, exitCode } = await machine.run(['--keys-of', 'nobody-at-all', '--dry-run'], PASSWD);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('there is no user nobody-at-all (--keys-of); nothing was changed');
  });

  it('a caller whom nobody knows is said', async () => {
    const { stderr } = await machine.run(['--dry-run', '--force'], PASSWD, { SUDO_USER: 'gone' });
    expect(stderr).toContain('not found, and so not taken along: the user gone who became root');
  });

  it('a user of a directory service is known by getent', async () => {
    const { folder } = machine;
    await mkdir(join(folder, 'bin'));
    const entry = `CORP\\alice:*:70000:70000::${folder}/ubuntu:/bin/sh`;
    const getent = `#!/bin/sh
[ "$2" = 'CORP\\alice' ] || exit 2
cat <<'EOF'
${entry}
EOF
`;
    await writeFile(join(folder, 'bin/getent'), getent, { mode: 0o755 });
    const { stdout } = await machine.run(['--dry-run', '--force'], PASSWD, {
      SUDO_USER: 'CORP\\alice',
      PATH: `${folder}/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    });
    expect(stdout).toContain(`authorized keys:\n  ${OTHER}\nkernel`);
  });
});

describe('a file is read where the real sshd reads it, and no other', () => {
  const changes = [
    ':',
    'chmod g+w "$1"',
    'chmod o+w "$1"',
    'chmod 777 "$1/.ssh"',
    'chmod 770 "$1/.ssh"',
    'chmod 666 "$1/.ssh/authorized_keys"',
    'chmod 660 "$1/.ssh/authorized_keys"',
    'chmod 444 "$1/.ssh/authorized_keys"',
    'chmod 2755 "$1/.ssh"',
    'mv "$1/.ssh" "$1/ssh" && ln -s ssh "$1/.ssh"',
    'mkdir -m 777 "$1/open" && mv "$1/.ssh/authorized_keys" "$1/open/keys" && ln -s ../open/keys "$1/.ssh/authorized_keys"',
  ];

  it('by owner and mode of it and the folders above it', { timeout: 300_000 }, async () => {
    const identity = join(machine.folder, 'identity');
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', identity]);
    const { stdout: publicKey } = await execa('cat', [`${identity}.pub`]);
    const sshd = await tryLogins(changes.map((change) => ({ authorizedKeys: `${publicKey}\n`, identity, change })));
    const ours: boolean[] = [];
    for (const change of changes) {
      await execa('rm', ['-rf', join(machine.folder, 'home')]);
      await mkdir(join(machine.folder, 'home/.ssh'), { recursive: true });
      await chmod(join(machine.folder, 'home'), 0o755);
      await rootKeys(`${publicKey}\n`);
      const { stdout, stderr } = await machine.run(
        ['--dry-run', '--force'],
        `set -- "$1" "$1/home" && sh -c '${change}' sh "$2"`,
      );
      const read = stdout.includes(publicKey.trim());
      ours.push(read);
      expect(/which sshd does not read \(StrictModes\): .*chmod go-w/.test(stderr), change).toBe(!read);
    }
    const table = (answers: readonly boolean[]) => changes.map((change, index) => `${answers[index]} ${change}`);
    expect(table(ours)).toEqual(table(sshd));
  });

  it('unless StrictModes is off', async () => {
    await mkdir(join(machine.folder, 'ssh'));
    await writeFile(join(machine.folder, 'ssh/sshd_config'), 'StrictModes no\n');
    await chmod(join(machine.folder, 'home/.ssh'), 0o777);
    const { stdout } = await machine.run(['--dry-run', '--force'], 'mount --bind "$1/ssh" /etc/ssh');
    expect(stdout).toContain(blob);
  });

  it('by the user: one that only root may read is none for ubuntu', async () => {
    await rootKeys('');
    await chmod(join(machine.folder, 'ubuntu/.ssh/authorized_keys'), 0o600);
    const { stdout, stderr } = await machine.run(['--dry-run', '--force', '--keys-of', 'ubuntu'], PASSWD);
    expect(stdout).not.toContain(OTHER);
    expect(stderr).toContain('sshd reads it as ubuntu, who may not: chown ubuntu');
  });
});

describe('a key that sshd’s RevokedKeys names', () => {
  it.each([
    ['a list of keys', `printf '%s\\n' "${OTHER}" >revoked`],
    ['a KRL', `printf '%s\\n' "${OTHER}" >key.pub && ssh-keygen -q -k -f revoked key.pub`],
  ])('stays out, and is said: %s', async (_, make) => {
    const { folder } = machine;
    await mkdir(join(folder, 'ssh'));
    await execa('sh', ['-c', make], { cwd: join(folder, 'ssh') });
    await writeFile(join(folder, 'ssh/sshd_config'), 'RevokedKeys /etc/ssh/revoked\n');
    await rootKeys(`ssh-ed25519 ${blob} root\nenvironment="A=b c" ${OTHER}\n`);
    const { stdout, stderr } = await machine.run(['--dry-run', '--force'], 'mount --bind "$1/ssh" /etc/ssh');
    expect(stdout).toContain(`authorized keys:\n  ssh-ed25519 ${blob} root\nkernel`);
    expect(stderr).toContain('authorized_keys:2: revoked by /etc/ssh/revoked');
  });

  it('may be any, where the list is not there', async () => {
    await mkdir(join(machine.folder, 'ssh'));
    await writeFile(join(machine.folder, 'ssh/sshd_config'), 'RevokedKeys /etc/ssh/revoked\n');
    const { exitCode, stderr } = await machine.run(['--dry-run'], 'mount --bind "$1/ssh" /etc/ssh');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no SSH key that may log in');
  });
});
