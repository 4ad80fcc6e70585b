import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sshdCommand } from './real-sshd.ts';
import { folderOf, readSaved, reportedShapes, savedFiles, shapes } from './shapes.ts';

const restore = join(import.meta.dirname, '../../nix/kexec/restore');
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILWgqmBYUTVvVtDLqXHGLlIKdJMBZeGRSL3VpO2pYpAl somebody@example.org';

let folder: string;
let state: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restore-test-'));
  state = join(folder, 'host-state');
  await mkdir(join(state, 'network'), { recursive: true });
  await mkdir(join(folder, 'root/etc'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

async function saveNetwork(shape: string): Promise<void> {
  for (const [name, text] of await savedFiles(shape)) await writeFile(join(state, 'network', name), text);
}

/** Runs restore over the state, with a network of its own to change; what it prints, line by line. */
async function run(...args: string[]): Promise<string[]> {
  const { stdout, exitCode } = await execa(
    'unshare',
    [
      ...[
        '--map-root-user',
        '--net',
        restore,
        '--state',
        state,
        '--customisation',
        join(folder, 'customisation'),
        '--root',
        join(folder, 'root'),
      ],
      ...['--units', join(folder, 'units'), ...args],
    ],
    { reject: false },
  );
  // The unit fails exactly where something is missing.
  expect(exitCode).toBe(/^missing /m.test(stdout) ? 1 : 0);
  return stdout.split('\n');
}

/** An `ip` that knows the interfaces of a shape by today's names, and writes down the batches that it is given. */
async function recordedIp(shape: string): Promise<{ readonly program: string; readonly told: () => Promise<string> }> {
  const program = join(folder, 'ip');
  await writeFile(
    join(folder, 'links.json'),
    JSON.stringify((await readSaved(shape)).links).replaceAll(/eth(?=\d)/g, 'ens'),
  );
  await writeFile(program, `#!/bin/sh\n[ "$1" = -json ] && exec cat ${folder}/links.json\ncat >>${folder}/told\n`, {
    mode: 0o755,
  });
  return { program, told: () => readFile(join(folder, 'told'), 'utf8') };
}

async function units(): Promise<string> {
  const names = (await readdir(join(folder, 'units'))).sort();
  const files = await Promise.all(names.map((name) => readFile(join(folder, 'units', name), 'utf8')));
  return names.map((name, index) => `### ${name}\n${files[index]}`).join('\n');
}

describe('the units for systemd-networkd', () => {
  it.each([...shapes, ...reportedShapes])('of %s are the ones agreed on', async (shape) => {
    await saveNetwork(shape);
    const said = await run('network');
    expect(said.filter((line) => /^missing (?!network units)/.test(line))).toEqual([]);
    await expect(await units()).toMatchFileSnapshot(join(folderOf(shape), 'units.txt'));
  });

  it('leave out an address that DHCP leased to a card, which the card gets at once', async () => {
    await saveNetwork('cloud-dhcp');
    const ip = await recordedIp('cloud-dhcp');
    await run('--ip', ip.program, 'network');
    expect(await units()).not.toContain('Address=10.0.5.15/24');
    expect(await units()).toContain('KeepConfiguration=dhcp');
    // networkd would switch it on for want of a static address.
    expect(await units()).toContain('Gateway=10.0.5.2\nGatewayOnLink=no\n');
    expect(await ip.told()).toBe(
      'address replace 10.0.5.15/24 broadcast 10.0.5.255 scope global valid_lft 315360000 preferred_lft 315360000 dev ens0\n',
    );
  });

  it('ask for the first address of a card where only busybox’s DHCP client knows that it is leased', async () => {
    await saveNetwork('hetzner-on-link-gateway');
    await writeFile(join(state, 'network/dhcp4'), 'eth0 - -\n');
    await run('network');
    expect(await units()).toMatch(/DHCP=ipv4\n[^#]*RequestAddress=203\.0\.113\.7\nClientIdentifier=mac\n/);
  });

  it('leave a container engine’s bridge behind, and say so', async () => {
    await saveNetwork('bond-vlan-bridge');
    expect(await run('network')).toContain('left interface docker0 (bridge): 172.17.0.1/16');
  });

  it('are made of what is there when a part is broken or missing', async () => {
    await saveNetwork('hetzner-on-link-gateway');
    await writeFile(join(state, 'network/routes6.json'), '[{"dst":');
    await rm(join(state, 'network/rules4.json'));
    const said = await run('network');
    expect(said).toContain('missing network routes6');
    expect(said).toContain('missing network rules4');
    expect(await units()).toContain('Gateway=172.31.1.1');
  });
});

describe('restore', () => {
  // Where the machine has no sshd, Debian's is fetched, once.
  let sshd: readonly string[];
  beforeAll(async () => {
    sshd = await sshdCommand();
  }, 600_000);

  it('puts every part in its place', async () => {
    await mkdir(join(state, 'ssh'));
    await writeFile(join(state, 'machine-id'), '0123456789abcdef0123456789abcdef\n');
    await writeFile(join(state, 'ssh/ssh_host_ed25519_key'), 'private\n');
    await writeFile(join(state, 'ssh/ssh_host_ed25519_key.pub'), 'public\n');
    await writeFile(join(state, 'authorized_keys'), `${key}\n`);
    const said = await run('machine-id', 'host-keys', 'authorized-keys');
    expect(said).toContain('machine-id 0123456789abcdef0123456789abcdef');
    expect(said).toContain('authorized-keys 1');
    const root = join(folder, 'root');
    expect(await readFile(join(root, 'etc/machine-id'), 'utf8')).toBe('0123456789abcdef0123456789abcdef\n');
    expect(await readFile(join(root, 'etc/ssh/ssh_host_ed25519_key'), 'utf8')).toBe('private\n');
    expect(await readFile(join(root, 'root/.ssh/authorized_keys'), 'utf8')).toBe(`${key}\n`);
  });

  it('goes on where something is missing, and names it', async () => {
    await writeFile(join(state, 'authorized_keys'), `${key}\n`);
    const said = await run('machine-id', 'host-keys', 'authorized-keys', 'network');
    expect(said).toEqual(expect.arrayContaining(['missing machine-id', 'missing host keys', 'authorized-keys 1']));
  });

  it('lets the installer’s sshd offer certificates, and listen on the old port as well', async () => {
    await mkdir(join(state, 'ssh'));
    const hostKey = join(state, 'ssh/ssh_host_ed25519_key');
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
    await execa('ssh-keygen', ['-q', '-s', hostKey, '-I', 'host', '-h', `${hostKey}.pub`]);
    await writeFile(join(state, 'ssh/ports'), '2222\n2200\n');
    const said = await run('host-keys');
    const etc = join(folder, 'root/etc/ssh');
    expect(said).toEqual([
      `host-key ${etc}/ssh_host_ed25519_key`,
      `host-certificate ${etc}/ssh_host_ed25519_key-cert.pub`,
      'port 2222',
      'port 2200',
    ]);
    await writeFile(join(etc, 'sshd_config'), 'Include /etc/ssh/sshd_config.d/*.conf\nPort 22\n');
    await writeFile(join(folder, 'passwd'), 'root:x:0:0::/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n');
    const ask =
      'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/root/etc/ssh" /etc/ssh && shift && exec "$@" -T';
    const { stdout: settings } = await execa('unshare', [
      ...['--map-root-user', '--mount', 'sh', '-c', ask, 'sh', folder, ...sshd],
    ]);
    const ports = settings.split('\n').filter((line) => line.startsWith('port '));
    expect(ports.sort()).toEqual(['port 22', 'port 2200', 'port 2222']);
    expect(settings).toContain('hostcertificate /etc/ssh/ssh_host_ed25519_key-cert.pub');
  });

  // On a system that lacks a program, each part must see that nothing came of it.
  it.each([
    ['awk', 'network', 'missing network units'],
    ['jq', 'network', 'missing network'],
    ['ssh-keygen', 'customisation', 'missing fingerprints of 1 customisation keys'],
    ['cat', 'host-keys', 'missing host key'],
    ['mkdir', 'authorized-keys', 'missing authorized keys'],
  ])('says that without %s it did nothing for %s, and fails', async (program, part, expected) => {
    await saveNetwork('hetzner-on-link-gateway');
    await mkdir(join(state, 'ssh'));
    await mkdir(join(folder, 'customisation'));
    await writeFile(join(state, 'ssh/ssh_host_ed25519_key'), 'private\n');
    await writeFile(join(state, 'authorized_keys'), `${key}\n`);
    await writeFile(join(folder, 'customisation/authorized_keys'), `${key}\n`);
    const without = `for at in $(type -ap ${program}); do mount --bind /bin/false "$(realpath "$at")"; done; exec "$@"`;
    const { stdout, exitCode } = await execa(
      'unshare',
      [
        ...['--map-root-user', '--mount', '--net', 'bash', '-c', without, 'bash', restore, '--state', state],
        ...['--customisation', join(folder, 'customisation'), '--root', join(folder, 'root')],
        ...['--units', join(folder, 'units'), part],
      ],
      { reject: false },
    );
    expect(stdout).toContain(expected);
    expect(exitCode).toBe(1);
  });

  it('takes nothing for a machine-id that is none', async () => {
    await writeFile(join(state, 'machine-id'), 'uninitialized\n');
    expect(await run('machine-id')).toEqual(['missing machine-id']);
  });

  it('leaves the network to kernel parameters where they give an address, and only there', async () => {
    await saveNetwork('hetzner-on-link-gateway');
    const parameters = join(folder, 'parameters');
    await writeFile(parameters, 'nameserver=192.0.2.53\nip=eth0:dhcp\n');
    expect(await run('--parameters', parameters, 'network')).toEqual([
      "left the old system's network: kernel parameters say how it is",
    ]);
    expect(existsSync(join(folder, 'units'))).toBe(false);
    await writeFile(parameters, 'nameserver=192.0.2.53\n');
    expect(await run('--parameters', parameters, 'network')).toContain('network 10-kexec-eth0.network');
  });

  it('gives the installer the name of a link, also where the old system had one or there was none', async () => {
    await mkdir(join(folder, 'customisation'));
    await writeFile(join(folder, 'customisation/hostname'), 'web-1\n');
    await writeFile(join(state, 'hostname'), 'old\n');
    const named = (from: string) =>
      execa('unshare', [
        ...['--map-root-user', '--uts', restore, '--state', from, '--customisation', join(folder, 'customisation')],
        ...['--root', join(folder, 'root'), 'hostname'],
      ]);
    for (const from of [state, join(folder, 'none')]) {
      await writeFile(join(folder, 'root/etc/hostname'), 'nixos-installer\n');
      expect((await named(from)).stdout).toBe('customisation hostname web-1');
      expect(await readFile(join(folder, 'root/etc/hostname'), 'utf8')).toBe('web-1\n');
    }
  });

  it.each([
    ['a hash', `$y$j9T$${'./'.repeat(11)}$${'a'.repeat(43)}`, true],
    ['no hash', 'secret', false],
    ['more than one field', '$6$a:0:', false],
    ["what sed would take for the line's end", '$6$a$|;e', false],
  ])('gives root the password of a link that is %s, and tells the image not to make one', async (_, hash, taken) => {
    await mkdir(join(folder, 'customisation'));
    await writeFile(join(folder, 'customisation/password-hash'), `${hash}\n`);
    const shadow = join(folder, 'root/etc/shadow');
    const before = 'root:!:1::::::\nroot2:x:1::::::\n';
    await writeFile(shadow, before, { mode: 0o640 });
    expect(await run('customisation')).toEqual([taken ? 'customisation password' : 'missing customisation password']);
    expect(await readFile(shadow, 'utf8')).toBe(taken ? before.replace('!', () => hash) : before);
    expect((await stat(shadow)).mode & 0o777).toBe(0o640);
    expect(existsSync(join(folder, 'root/run/installer/password-given'))).toBe(taken);
  });

  it('shows whose key a customised link brought', async () => {
    await mkdir(join(folder, 'customisation'));
    await writeFile(join(folder, 'customisation/authorized_keys'), `${key}\n`);
    await writeFile(join(folder, 'customisation/cmdline'), 'live.nixos.hostname=web\n');
    const { stdout: listed } = await execa('ssh-keygen', ['-lf', join(folder, 'customisation/authorized_keys')]);
    const fingerprint = listed.split(' ')[1];
    expect(await run('customisation')).toEqual([
      `customisation key ${fingerprint} somebody@example.org`,
      'customisation cmdline live.nixos.hostname=web',
    ]);
  });
});
