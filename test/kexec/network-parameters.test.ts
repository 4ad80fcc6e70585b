import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootFiles, consoleOf, networkOf, prepareSmokeImages, smokeImage } from './network-machine.ts';
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

  it('make a bond with its options and a VLAN on it', MACHINE, async () => {
    const said = await booted(
      'bond=bond0:wan,lan:mode=active-backup,miimon=100,primary=lan vlan=bond0.5:bond0 ip=192.0.2.7::192.0.2.1:24::bond0.5:none ifname=wan:52:54:00:00:01:01 ifname=lan:52:54:00:00:01:02',
    );
    const { links } = networkOf(said);
    expect(links.find(({ ifname }) => ifname === 'bond0')).toMatchObject({
      linkinfo: { info_kind: 'bond', info_data: { mode: 'active-backup', miimon: 100, primary: 'lan' } },
    });
    expect(links.find(({ ifname }) => ifname === 'bond0.5')).toMatchObject({
      link: 'bond0',
      linkinfo: { info_kind: 'vlan', info_data: { id: 5 } },
    });
    expect(said).toMatch(/^smoke: address bond0\.5 \S+ 192\.0\.2\.7\/24/m);
  });

  it('that are wrong cost nobody the old network', MACHINE, async () => {
    const said = await booted('ip=192.0.2.7', hostState(await savedFiles('hetzner-on-link-gateway')));
    expect(said).toContain('smoke: kernel parameter left out: ip=192.0.2.7');
    expect(said).not.toContain('smoke: left the old');
  });
});
