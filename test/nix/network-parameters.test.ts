import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExtraCmdline, kernelsOwn } from '@nixos-images/shared';
import { execa } from 'execa';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './local-nix.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'network-parameters-'));
});
afterEach(() => rm(scratch, { recursive: true }));

/** What is said of kernel parameters, and the units that systemd's own generator and the program make of them. */
async function made(...files: readonly string[]) {
  const options = [];
  for (const [index, words] of files.entries()) {
    await writeFile(join(scratch, `${index}`), `init=/init ${words} quiet *\n`);
    options.push('--cmdline', join(scratch, `${index}`));
  }
  const { stdout } = await execa('dash', [
    join(root, 'nix/kernel-parameters/network'),
    ...['--generator', '/lib/systemd/systemd-network-generator', '--root', scratch],
    ...[...options, '--cmdline', join(scratch, 'none')],
  ]);
  const folder = join(scratch, 'run/systemd/network');
  const units: Record<string, string> = {};
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    // The number differs between versions of systemd; what is the same in all comes last.
    units[name.replace(/^\d+-/, '')] = (text.split('[Network]\nMulticastDNS=')[0] ?? '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && line !== '[Link]' && line !== '[DHCP]')
      .join('\n');
  }
  return { said: stdout.split('\n').filter((line) => line !== ''), units };
}

describe("the network's kernel parameters", () => {
  it('make a static address of each family, name servers and routes', async () => {
    const { units } = await made(
      'ip=192.0.2.7::192.0.2.1:255.255.255.192:web:eth0:none',
      'ip=[2001:db8::7]::[fe80::1]:64::eth0:none nameserver=192.0.2.53 nameserver=[2001:db8::53] rd.route=10.0.0.0/8:192.0.2.9:eth0',
    );
    expect(Object.keys(units)).toEqual(['eth0.network']);
    expect(units['eth0.network']?.split('\n')).toEqual(
      expect.arrayContaining([
        'Name=eth0',
        'DHCP=no',
        'DNS=192.0.2.53',
        'DNS=2001:db8::53',
        'Address=192.0.2.7/26',
        'Address=2001:db8::7/64',
        'LinkLocalAddressing=ipv6',
        'Destination=10.0.0.0/8',
      ]),
    );
    expect(units['eth0.network']).toContain('Gateway=192.0.2.1\nGatewayOnLink=yes');
    expect(units['eth0.network']).toContain('Gateway=fe80::1\nGatewayOnLink=yes');
  });

  it('without an interface hold for every wired card', async () => {
    const { units } = await made('ip=192.0.2.10:::255.255.254.0:::none ip=[2001:db8::10]::[fe80::1]:64:::none');
    expect(Object.keys(units)).toEqual(['default.network']);
    expect(units['default.network']).toContain('Kind=!*\nType=!loopback');
    expect(units['default.network']).toContain('Address=192.0.2.10/23');
    expect(units['default.network']).toContain('Address=2001:db8::10/64');
  });

  it('make a VLAN on a bond with its options', async () => {
    const { units } = await made(
      'bond=bond0:eth0,eth1:mode=4,miimon=100,lacp_rate=1,xmit_hash_policy=layer3+4,arp_ip_target=192.0.2.1;192.0.2.2:9000 vlan=bond0.5:bond0 ip=192.0.2.7::192.0.2.1:24::bond0.5:none',
    );
    expect(units).toMatchObject({
      'bond0.netdev': [
        '[NetDev]\nKind=bond\nName=bond0\nMTUBytes=9000',
        '[Bond]\nMode=802.3ad\nMIIMonitorSec=100ms\nLACPTransmitRate=fast\nTransmitHashPolicy=layer3+4',
        'ARPIPTargets=192.0.2.1 192.0.2.2',
      ].join('\n'),
      'bond0.network': '[Match]\nName=bond0\n[Network]\nVLAN=bond0.5',
      'bond0.5.netdev': '[NetDev]\nKind=vlan\nName=bond0.5\n[VLAN]\nId=5',
      'eth0.network': '[Match]\nName=eth0\n[Network]\nBond=bond0',
      'eth1.network': '[Match]\nName=eth1\n[Network]\nBond=bond0',
    });
  });

  it('name a card by its address', async () => {
    const { units } = await made('ifname=wan:52:54:00:12:34:56 ip=wan:dhcp');
    expect(units['wan.link']).toContain('MACAddress=52:54:00:12:34:56');
    expect(units['wan.network']).toBe('[Match]\nName=wan\n[Network]\nDHCP=ipv4');
  });

  it('that name a server alone leave DHCP as it is', async () => {
    expect((await made('nameserver=192.0.2.53')).units['default.network']).toContain('DHCP=yes\nDNS=192.0.2.53');
  });

  it("come before the image's own network, may be read by networkd, and keep a lease and a host name as that does", async () => {
    await made('ip=eth0:dhcp');
    const folder = join(scratch, 'run/systemd/network');
    const [unit = ''] = await readdir(folder);
    // networkd takes the first file that fits, by name.
    expect([unit, '99-ethernet-default-dhcp.network'].toSorted()[0]).toBe(unit);
    expect((await stat(join(folder, unit))).mode & 0o777).toBe(0o644);
    const text = await readFile(join(folder, unit), 'utf8');
    expect(text).toContain('[DHCPv4]\nClientIdentifier=mac\nUseHostname=no\n[DHCPv6]\nUseHostname=no\n');
  });

  it('are told to restore, each once, however often they stand somewhere; what is wrong is said and left out', async () => {
    const { said } = await made(
      'ip=eth0:dhcp ip=192.0.2.1',
      'ip=eth0:dhcp ip=192.0.2.1 bond=bond0:eth1,eth2:mode=1,x=1',
    );
    expect(said).toEqual([
      'network parameter ip=eth0:dhcp',
      'kernel parameter left out: ip=192.0.2.1 is not what dracut.cmdline(7) says',
      'network parameter bond=bond0:eth1,eth2:mode=1,x=1',
      'kernel parameter left out: x=1 of bond0',
    ]);
    expect(await readFile(join(scratch, 'run/network-parameters'), 'utf8')).toBe(
      'ip=eth0:dhcp\nbond=bond0:eth1,eth2:mode=1,x=1\n',
    );
  });

  it('that are none leave everything as it is', async () => {
    await mkdir(join(scratch, 'run'));
    expect(await made('quiet xip=eth0:dhcp')).toEqual({ said: [], units: {} });
    expect(existsSync(join(scratch, 'run/network-parameters'))).toBe(false);
    expect(await readdir(join(scratch, 'run'))).toEqual(['systemd']);
  });

  it('are all of them such as the edge may leave off an arm64 line', async () => {
    const program = await readFile(join(root, 'nix/kernel-parameters/network'), 'utf8');
    const obeyed = /^ {4}(ip=\* .*)\) ;;$/m.exec(program)?.[1]?.replaceAll(' |', '').replaceAll('*', 'x') ?? '';
    expect(obeyed.split(' ')).toHaveLength(8);
    expect(kernelsOwn(v.parse(ExtraCmdline, obeyed))).toBe('');
  });
});
