import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customisationInitrd, NO_CUSTOMISATION, PublicKey } from '@nixos-images/shared';
import { execa } from 'execa';
import { makeSshKey, runOverSsh, startMachine, waitForSsh } from 'nixos-images/boot';
import { aggregate } from 'nixos-images/testing';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootFiles, consoleOf, prepareSmokeImages, smokeImage } from './network-machine.ts';
import { hostState } from './restores-every-shape.ts';
import { savedFiles } from './shapes.ts';

const MACHINE = { timeout: 660_000 };

describe("the network's kernel parameters, with systemd's generator and networkd, as on NixOS", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'network-parameters-'));
    await prepareSmokeImages();
    await execa('tar', ['xzf', join(await smokeImage('kexec-systemd'), 'kexec.tar.gz'), '-C', folder]);
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true }));

  const booted = (
    parameters: string,
    files: Parameters<typeof consoleOf>[1] = [],
    wire: 'nobody' | 'dhcp-server' = 'nobody',
  ) => consoleOf(bootFiles(folder), files, wire, 600, `smoke.network smoke.poweroff ${parameters}`);

  it(
    'are what counts where DHCP answers, and where an old network was saved; names that they give cards hold',
    MACHINE,
    async () => {
      const parameters = [
        'ifname=wan:52:54:00:00:01:01',
        'ip=198.51.100.7::192.0.2.1:255.255.255.255::wan:none',
        'ip=[2001:db8::7]::[2001:db8::1]:64::wan:none',
        'nameserver=192.0.2.53',
        'rd.route=10.0.0.0/8:198.51.100.9:wan',
      ];
      const said = await booted(
        parameters.join(' '),
        hostState(await savedFiles('hetzner-on-link-gateway')),
        'dhcp-server',
      );
      for (const parameter of parameters) expect(said).toContain(`smoke: network parameter ${parameter}`);
      expect(said).toContain("smoke: left the old system's network: kernel parameters say how it is");
      const addresses = [...said.matchAll(/^smoke: address wan \S+ (\S+)\r?$/gm)].map(([, address]) => address);
      expect(addresses.filter((address) => !address?.startsWith('f'))).toEqual(['198.51.100.7/32', '2001:db8::7/64']);
      expect(said).toMatch(/^smoke: route default via 192\.0\.2\.1 dev wan .*onlink/m);
      expect(said).toMatch(/^smoke: route 10\.0\.0\.0\/8 via 198\.51\.100\.9 dev wan/m);
      expect(said).toMatch(/^smoke: route .* via 2001:db8::1 dev wan/m);
      expect(said).toMatch(/^smoke: dns 192\.0\.2\.53/m);
    },
  );

  it(
    'bring a link to a login over a VLAN on a bond, whose switch agrees to nothing but its options',
    MACHINE,
    async ({ signal }) => {
      await using key = await makeSshKey('network-parameters');
      const parameters = [
        'ifname=wan:52:54:00:12:34:56 ifname=lan:52:54:00:12:34:57',
        'bond=bond0:wan,lan:mode=802.3ad,miimon=100,lacp_rate=fast',
        'vlan=bond0.42:bond0 ip=10.0.2.77::10.0.2.2:24::bond0.42:none',
      ].join(' ');
      // What run would load: the initrd with the link's archive behind it, and its parameters on the command line.
      const archive = customisationInitrd({ ...NO_CUSTOMISATION, keys: [v.parse(PublicKey, key.publicKey)] });
      const { kernel, initrd } = bootFiles(folder);
      const withKey = join(folder, 'initrd-with-key');
      await writeFile(withKey, Buffer.concat([await readFile(initrd), archive]));
      await using machine = await startMachine(
        {
          name: 'network-parameters',
          arch: 'x86_64',
          firmware: 'bios',
          memoryMiB: 768,
          boot: {
            from: 'kernel',
            kernel,
            initrd: withKey,
            parameters: `console=ttyS0 panic=30 loglevel=4 no_timer_check ${parameters}`,
          },
          disks: [],
          wiring: aggregate(42),
          sshAddress: '10.0.2.77',
        },
        { logFile: join(folder, 'console.log'), signal },
      );
      const target = { port: machine.sshPort, user: 'root', key, hostKeys: 'any' } as const;
      await waitForSsh(target, { seconds: 300, signal });
      const { stdout } = await runOverSsh(target, 'cat /proc/net/bonding/bond0', { seconds: 60, signal });
      expect(stdout).toContain('Bonding Mode: IEEE 802.3ad');
      expect(stdout).toContain('LACP rate: fast');
      expect(stdout).toContain('Number of ports: 2');
    },
  );

  it('that are wrong cost nobody the old network', MACHINE, async () => {
    const said = await booted('ip=192.0.2.7', hostState(await savedFiles('hetzner-on-link-gateway')));
    expect(said).toContain('smoke: kernel parameter left out: ip=192.0.2.7');
    expect(said).not.toContain('smoke: left the old');
  });
});
