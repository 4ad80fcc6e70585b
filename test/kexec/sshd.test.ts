import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blob, Machine } from './machine.ts';

const key = `ssh-ed25519 ${blob} root@example.org`;
const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD elsewhere';

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.make();
});
afterEach(() => machine[Symbol.asyncDispose]());

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(machine.folder, folder));
  for (const [name, content] of Object.entries(files)) {
    const path = join(machine.folder, folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/** What is taken along from a machine that has these files below /etc/ssh and, with `change`, is otherwise different. */
async function taken(files: Readonly<Record<string, string>>, change = ':') {
  await write('ssh', files);
  // The files answer, also where the machine that runs the tests has an sshd of its own.
  const withoutSshd =
    'sshd=$(PATH=$PATH:/usr/sbin command -v sshd || :); [ -z "$sshd" ] || mount --bind /bin/false "$sshd"';
  return await machine.takenAlong(`mount --bind "$1/ssh" /etc/ssh && { ${withoutSshd}; } && ${change}`);
}

describe('the authorized keys', () => {
  it('are those that sshd looks at, and no others', async () => {
    const { files } = await taken({ sshd_config: 'AuthorizedKeysFile /etc/ssh/keys/%u\n', 'keys/root': `${other}\n` });
    expect(files.get('authorized_keys')).toBe(`${other}\n`);
  });

  it('are those of the first setting that holds, wherever it stands', async () => {
    const { files } = await taken({
      sshd_config: 'Include sshd_config.d/*.conf\nAuthorizedKeysFile /nowhere\n',
      'sshd_config.d/10-match.conf': 'Match User nobody\n  AuthorizedKeysFile /etc/ssh/keys/nobody\n',
      'sshd_config.d/20-keys.conf': '# a comment\nauthorizedkeysfile="/etc/ssh/keys/%%%U" .ssh/authorized_keys\n',
      'keys/%0': `${other}\n`,
    });
    expect(files.get('authorized_keys')).toBe(`${other}\n${key}\n`);
  });

  it('are none where sshd looks at none', async () => {
    const { files, said } = await taken({ sshd_config: 'AuthorizedKeysFile none\n' });
    expect(files.get('authorized_keys')).toBe('');
    expect(said).toContain('not found, and so not taken along: authorized keys');
  });

  it('are not all when sshd asks a program or trusts certificates, and that is said', async () => {
    const { files, said } = await taken({
      sshd_config: 'AuthorizedKeysCommand /usr/bin/keys %u\nTrustedUserCAKeys /etc/ssh/ca.pub\n',
    });
    expect(files.get('authorized_keys')).toBe(`${key}\n`);
    expect(said).toContain("not taken along: what lets root in by sshd's AuthorizedKeysCommand (/usr/bin/keys %u)");
    expect(said).toContain("by sshd's TrustedUserCAKeys (/etc/ssh/ca.pub)");
  });

  it('below a Match are not guessed at when sshd itself does not tell', async () => {
    const { said } = await taken({ sshd_config: 'Match Address 192.0.2.0/24\nAuthorizedKeysFile /etc/ssh/keys/%u\n' });
    expect(said).toContain('keys in /etc/ssh/keys/%u (below a Match in sshd_config');
  });
});

describe('a host with dropbear', () => {
  const dropbear = 'mkdir -p /etc/dropbear && mount --bind "$1/dropbear" /etc/dropbear';

  it('has its authorized keys where OpenWrt puts them', async () => {
    await write('dropbear', { authorized_keys: `${other}\n` });
    const { files } = await taken({ empty: '' }, dropbear);
    expect(files.get('authorized_keys')).toBe(`${key}\n${other}\n`);
  });

  it.each(['ed25519', 'ecdsa', 'rsa'])('has the same %s key under OpenSSH', async (type) => {
    await write('dropbear', {});
    const file = join(machine.folder, 'dropbear', `dropbear_${type}_host_key`);
    const { stdout } = await execa('dropbearkey', ['-t', type, '-f', file]);
    const publicKey = stdout.split('\n').find((line) => /^(ssh|ecdsa)-/.test(line)) ?? 'none';
    const { files } = await taken({ empty: '' }, dropbear);
    const converted = join(machine.folder, 'converted');
    await writeFile(converted, files.get(`ssh/ssh_host_${type}_key`) ?? '', { mode: 0o600 });
    const { stdout: ours } = await execa('ssh-keygen', ['-y', '-f', converted]);
    expect(ours.split(' ').slice(0, 2)).toEqual(publicKey.split(' ').slice(0, 2));
  });

  it('has an ed25519 key without its own program, and is told of the others', async () => {
    await write('dropbear', {});
    for (const type of ['ed25519', 'rsa']) {
      await execa('dropbearkey', ['-t', type, '-f', join(machine.folder, 'dropbear', `dropbear_${type}_host_key`)]);
    }
    const without = 'mount --bind /bin/false "$(command -v dropbearconvert)"';
    const { files, said } = await taken({ empty: '' }, `${dropbear} && ${without}`);
    expect([...files.keys()]).toContain('ssh/ssh_host_ed25519_key');
    expect([...files.keys()]).not.toContain('ssh/ssh_host_rsa_key');
    expect(said).toContain("dropbear's host key /etc/dropbear/dropbear_rsa_host_key (dropbearconvert,");
  });
});

describe('the host keys', () => {
  it('are found where HostKey says, and get the names that the installer knows', async () => {
    await execa('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', join(machine.folder, 'identity')]);
    const { files } = await taken(
      {
        sshd_config: 'HostKey /etc/ssh/identity\nHostKey /etc/ssh/ssh_host_ed25519_key\n',
        ssh_host_ed25519_key: 'an ed25519 key\n',
        ssh_host_rsa_key: 'one that sshd does not use\n',
      },
      'cp "$1/identity" "$1/identity.pub" /etc/ssh/',
    );
    expect([...files.keys()].filter((name) => name.startsWith('ssh/')).sort()).toEqual([
      'ssh/ssh_host_ecdsa_key',
      'ssh/ssh_host_ecdsa_key.pub',
      'ssh/ssh_host_ed25519_key',
    ]);
    expect(files.get('ssh/ssh_host_ecdsa_key')).toContain('BEGIN OPENSSH PRIVATE KEY');
  });
});
