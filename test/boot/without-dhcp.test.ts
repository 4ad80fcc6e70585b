import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import {
  download,
  HOST_SEEN_FROM_GUEST,
  isoMachine,
  type Machine,
  makeSshKey,
  netbootMachine,
  runOverSsh,
  type SshKey,
  waitForSsh,
} from 'nixos-images/boot';
import { SmokeFacts, withoutDhcp } from 'nixos-images/testing';
import { expect, inject } from 'vitest';
import { bootTest, PATIENCE } from './boot-test.ts';

const ADDRESS = '10.0.2.77';
const NETWORK = `ip=${ADDRESS}::${HOST_SEEN_FROM_GUEST}:255.255.255.0::eth0:none nameserver=10.0.2.3`;
/** As long as a link's parameters may be for an image, where iPXE on arm64 would take no 200. */
const LONG = `${NETWORK} ${Array(40).fill('rd.route=10.99.0.0/16:10.0.2.2').join(' ')}`;
const encode = (text: string) => Buffer.from(text).toString('base64url');

/** Logs in at the address of the link, as nobody can who waits for DHCP. */
async function logIn(machine: Machine, key: SshKey): Promise<string> {
  const target = { port: machine.sshPort, user: 'root', key, hostKeys: 'any' } as const;
  await waitForSsh(target, { seconds: PATIENCE });
  return (await runOverSsh(target, 'hostname; cat /proc/cmdline', { seconds: PATIENCE })).stdout;
}

/** What `ssh` says that types a password. */
async function logInWith(password: string, port: number, folder: string) {
  const askpass = join(folder, 'askpass');
  await writeFile(askpass, `#!/bin/sh\necho '${password}'\n`, { mode: 0o700 });
  const { stdout, exitCode } = await execa(
    'ssh',
    [
      ...['-F', 'none', '-o', 'PubkeyAuthentication=no', '-o', 'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR'],
      ...['-o', `UserKnownHostsFile=${join(folder, 'hosts')}`, '-o', 'NumberOfPasswordPrompts=1'],
      ...['-p', `${port}`, 'root@127.0.0.1', 'id -u'],
    ],
    { env: { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' }, stdin: 'ignore', reject: false },
  );
  return exitCode === 0 ? stdout : 'refused';
}

bootTest(
  'iso-bios-without-dhcp',
  "who puts an address, a host name and a password into the link's ISO can log in where nothing answers to DHCP",
  async ({ start, step }) => {
    await using key = await makeSshKey('without-dhcp');
    const folder = await mkdtemp(join(tmpdir(), 'nixos-images-without-dhcp-'));
    try {
      const { stdout: hash } = await execa('mkpasswd', ['-m', 'yescrypt', 'correct horse']);
      const items = [`key:${encode(key.publicKey)}`, `cmdline:${encode(NETWORK)}`];
      const link = `/with/${items.join(',')},hostname:web-1,password:${encode(hash)}/iso/x86_64.iso`;
      const iso = join(folder, 'x86_64.iso');
      await download(new URL(link, inject('stackUrl')), iso);
      const machine = await start({
        ...(await isoMachine('', 'x86_64', 'bios', 'cd', iso)),
        wiring: withoutDhcp(),
        sshAddress: ADDRESS,
      });
      await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
      step('the new system is there');
      const said = await logIn(machine, key);
      step('somebody is logged in with the key');
      expect(said).toMatch(/^web-1\n/);
      expect(said).not.toContain('$y$');
      expect(machine.console.text).toContain('smoke: customisation password');
      expect(machine.console.text).not.toContain('$y$');
      const addresses = new SmokeFacts(machine.console.text).of('address').map(({ address }) => address);
      expect(addresses).toContain(`${ADDRESS}/24`);
      expect(addresses.some((address) => address.startsWith('10.0.2.15'))).toBe(false);
      expect(await logInWith('correct horse', machine.sshPort, folder)).toBe('0');
      expect(await logInWith('wrong horse', machine.sshPort, folder)).toBe('refused');
      step('and with the password');
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

bootTest(
  'netboot-bios-without-dhcp',
  'a link with a long command line boots from an iPXE that was given an address by hand, and keeps that',
  async ({ start, step }) => {
    await using key = await makeSshKey('without-dhcp');
    const link = `http://${inject('stackHost')}/with/key:${encode(key.publicKey)},cmdline:${encode(LONG)}/netboot/x86_64.ipxe`;
    const script = [
      '#!ipxe',
      'ifopen net0',
      `set net0/ip ${ADDRESS}`,
      'set net0/netmask 255.255.255.0',
      `set net0/gateway ${HOST_SEEN_FROM_GUEST}`,
      `chain ${link}`,
      '',
    ].join('\n');
    const machine = await start({
      ...netbootMachine('', 'x86_64', 'bios', new URL(link), 32 * 1024 * 1024),
      boot: { from: 'ipxe-script', script },
      wiring: withoutDhcp(),
      sshAddress: ADDRESS,
    });
    await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
    step('the new system is there');
    expect(await logIn(machine, key)).toContain(LONG);
    step('somebody is logged in with the key');
  },
);
