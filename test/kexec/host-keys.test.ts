import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';

let machine: Machine;
let ssh: string;
/** Where sshd has all that belongs to it, and none of the machine's own. */
const HERE = 'mount --bind "$1/ssh" /etc/ssh';
const WITHOUT_SSHD =
  'sshd=$(PATH=$PATH:/usr/sbin command -v sshd || :); [ -z "$sshd" ] || mount --bind /bin/false "$sshd"';

beforeAll(async () => {
  machine = await Machine.make();
  ssh = join(machine.folder, 'ssh');
});
beforeEach(async () => {
  for (const name of ['ssh', 'taken', 'loaded']) await rm(join(machine.folder, name), { recursive: true, force: true });
  await mkdir(ssh);
});
afterAll(() => machine[Symbol.asyncDispose]());

async function makeKey(name: string, ...args: string[]): Promise<string> {
  await execa('ssh-keygen', ['-q', '-N', '', '-C', '', '-f', join(ssh, name), ...args]);
  return await readFile(join(ssh, name), 'utf8');
}

async function certify(name: string): Promise<string> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(ssh, 'authority')]);
  await execa('ssh-keygen', ['-q', '-s', join(ssh, 'authority'), '-I', 'host', '-h', join(ssh, `${name}.pub`)]);
  return await readFile(join(ssh, `${name}-cert.pub`), 'utf8');
}

const config = (text: string) => writeFile(join(ssh, 'sshd_config'), text);
const taken = (change = ':', environment = {}) =>
  machine.takenAlong(`${HERE} && { ${WITHOUT_SSHD}; } && ${change}`, environment);

describe('a host key gets the name that the installer’s sshd reads, by what it is', () => {
  it.each([
    ['ssh_host_rsa4096_key', 'rsa', ['-t', 'rsa', '-b', '2048']],
    ['ssh_host_rsa_key', 'rsa', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
    ['ssh_host_p521_key', 'ecdsa', ['-t', 'ecdsa', '-b', '521']],
    ['ssh_host_ecdsa_key', 'ecdsa', ['-t', 'ecdsa', '-m', 'PEM']],
    ['ssh_host_rsa_key', 'rsa', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8']],
    ['identity', 'ed25519', ['-t', 'ed25519']],
    // One that is called what it is not.
    ['ssh_host_rsa_key', 'ed25519', ['-t', 'ed25519']],
  ])('%s as ssh_host_%s_key (%s)', async (name, type, args) => {
    const key = await makeKey(name, ...args);
    await config(`HostKey /etc/ssh/${name}\n`);
    if (!args.includes('PKCS8')) await rm(join(ssh, `${name}.pub`));
    const { files } = await taken();
    expect(files.get(`ssh/ssh_host_${type}_key`)).toBe(key);
  });

  it('and the others are said', async () => {
    await makeKey('ssh_host_rsa_key', '-t', 'rsa', '-b', '2048');
    await makeKey('ssh_host_rsa4096_key', '-t', 'rsa', '-b', '4096');
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', join(ssh, 'locked')]);
    await config('HostKey /etc/ssh/ssh_host_rsa_key\nHostKey /etc/ssh/ssh_host_rsa4096_key\nHostKey /etc/ssh/locked\n');
    const { said } = await taken();
    expect(said).toContain('host key /etc/ssh/ssh_host_rsa4096_key (an earlier one is of the same type');
    expect(said).toContain('host key /etc/ssh/locked (a passphrase is on it)');
  });
});

describe('what else clients know a host by', () => {
  it('goes along: certificates that sshd offers', async () => {
    await makeKey('identity', '-t', 'ed25519');
    const certificate = await certify('identity');
    await config('HostKey /etc/ssh/identity\nHostCertificate /etc/ssh/identity-cert.pub\n');
    const { files } = await taken();
    expect(files.get('ssh/ssh_host_ed25519_key-cert.pub')).toBe(certificate);
  });

  it('is said where it does not: a certificate that sshd does not offer, one without its key, an agent', async () => {
    await makeKey('ssh_host_ed25519_key', '-t', 'ed25519');
    await certify('ssh_host_ed25519_key');
    await config('HostKeyAgent /run/agent\nHostCertificate /etc/ssh/gone.pub\n');
    const { said, files } = await taken();
    expect([...files.keys()]).not.toContain('ssh/ssh_host_ed25519_key-cert.pub');
    expect(said).toContain('ssh_host_ed25519_key-cert.pub (no HostCertificate names it');
    expect(said).toContain('host certificate /etc/ssh/gone.pub (not there');
    expect(said).toContain("host keys in sshd's HostKeyAgent (/run/agent)");
  });

  it.each([
    ['Port', 'Port 22\nPort 2222\n', '2222\n'],
    ['ListenAddress', 'ListenAddress 192.0.2.1:2022\nListenAddress [2001:db8::1]:2023\n', '2022\n2023\n'],
    ['nothing', '', undefined],
  ])('is a port of its own: %s', async (_, text, ports) => {
    await config(`# sshd\n${text}`);
    const { files } = await taken();
    expect(files.get('ssh/ports')).toBe(ports);
  });

  it('is the port by which one came, whatever listens there', async () => {
    const { files } = await taken(':', { SSH_CONNECTION: '192.0.2.7 50000 192.0.2.1 2200' });
    expect(files.get('ssh/ports')).toBe('2200\n');
  });
});

describe('an openSUSE', () => {
  it('has its settings below /usr/etc, and what an administrator adds below /etc', async () => {
    await mkdir(join(machine.folder, 'usr-etc/ssh'), { recursive: true });
    await mkdir(join(ssh, 'sshd_config.d'));
    await mkdir(join(ssh, 'keys'));
    const include = 'Include /etc/ssh/sshd_config.d/*.conf\nInclude /usr/etc/ssh/sshd_config.d/*.conf\n';
    await writeFile(
      join(machine.folder, 'usr-etc/ssh/sshd_config'),
      `${include}AuthorizedKeysFile .ssh/authorized_keys\n`,
    );
    await writeFile(join(ssh, 'sshd_config.d/10-own.conf'), 'Port 2222\nAuthorizedKeysFile /etc/ssh/keys/%u\n');
    const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD elsewhere\n';
    await writeFile(join(ssh, 'keys/root'), line);
    // /usr/etc exists on openSUSE alone.
    const usr =
      'mkdir -p "$1/upper" "$1/scratch" && mount -t tmpfs none "$1/scratch" && mkdir "$1/scratch/u" "$1/scratch/w" && cp -r "$1/usr-etc" "$1/scratch/u/etc" && mount -t overlay none -o "lowerdir=/usr,upperdir=$1/scratch/u,workdir=$1/scratch/w" /usr';
    const { files } = await taken(usr);
    expect(files.get('authorized_keys')).toBe(line);
    expect(files.get('ssh/ports')).toBe('2222\n');
  });
});

describe('a host whose sshd has no folder in /run yet', () => {
  it('still has its own word taken', async () => {
    // Says what sshd says without its folder; with it, what -T says.
    const sshd = `#!/bin/sh
[ -d /run/sshd-test ] || { echo "Missing privilege separation directory: /run/sshd-test" >&2; exit 255; }
echo "port 2222"
echo "authorizedkeysfile /etc/ssh/only"
`;
    await mkdir(join(machine.folder, 'sbin'));
    await writeFile(join(machine.folder, 'sbin/sshd'), sshd, { mode: 0o755 });
    await config('# nothing\n');
    const { files } = await machine.takenAlong(`${HERE} && mount -t tmpfs none /run`, {
      PATH: `${machine.folder}/sbin:${env['PATH']}`,
    });
    expect(files.get('ssh/ports')).toBe('2222\n');
    expect(files.get('authorized_keys')).toBe('');
  });
});
