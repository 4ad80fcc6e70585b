import { makeSshKey, runOverSsh, waitForSsh } from 'nixos-images/boot';
import { withoutDhcp } from 'nixos-images/testing';
import { expect, inject } from 'vitest';
import { bootTest, PATIENCE } from '../boot-test.ts';
import { NETWORKS } from './network.ts';
import { startHost } from './start-host.ts';

const NEW_ADDRESS = '10.0.2.88';
const encode = (text: string) => Buffer.from(text).toString('base64url');

bootTest(
  'kexec-readdressed',
  'a link moves a machine to another address, name and key, whatever its old system had, where nothing answers to DHCP',
  async (boot) => {
    await using scope = new AsyncDisposableStack();
    await using key = await makeSshKey('readdressed');
    const { machine } = await startHost(boot, scope, {
      host: 'bare-busybox',
      // The host has its own address; what is waited for is the new one.
      network: { ...NETWORKS.static, wiring: withoutDhcp(), address: NEW_ADDRESS },
      keys: 'root/.ssh/authorized_keys',
    });
    await machine.console.waitFor(/# $/, { seconds: PATIENCE });
    boot.step('a shell on the console');
    const items = [
      `key:${encode(key.publicKey)}`,
      `cmdline:${encode(`ip=${NEW_ADDRESS}::10.0.2.2:24::eth0:none nameserver=10.0.2.3`)}`,
      'hostname:moved',
    ];
    machine.type(`wget -qO- http://${inject('stackHost')}/with/${items.join(',')}/kexec.sh | sh\n`);
    await machine.console.waitFor(/^machine will boot into nixos/, { seconds: PATIENCE });
    boot.step('machine will boot into nixos');
    const target = { port: machine.sshPort, user: 'root', key, hostKeys: 'any' } as const;
    await waitForSsh(target, { seconds: PATIENCE });
    boot.step('somebody is logged in with the key of the link');
    const { stdout } = await runOverSsh(target, 'hostname; ip -4 address show', { seconds: PATIENCE });
    expect(stdout).toMatch(/^moved\n/);
    expect(stdout).toContain(`inet ${NEW_ADDRESS}/24`);
    expect(stdout).not.toContain('10.0.2.77');
    expect(machine.console.text).toContain("smoke: left the old system's network: kernel parameters say how it is");
  },
);
