import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { folderOf, savedFiles } from './shapes.ts';

const scripts = join(import.meta.dirname, '../../nix/kexec');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'before-jump-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Files = ReadonlyMap<string, string>;

/** What kexec/run finds out of a saved network, by somebody who is logged in through an address (none: at the console). */
async function foundOut(files: Files, login = ''): Promise<{ readonly left: string[]; readonly lost: string[] }> {
  await mkdir(join(folder, 'network'), { recursive: true });
  for (const [name, text] of files) await writeFile(join(folder, 'network', name), text);
  const program =
    'no_part() { :; }; . "$1/network-model.sh"; saved_network "$2" | jq -r -L "$1" --arg login "$3" -f "$1/before-jump.jq"';
  const { stdout } = await execa('sh', ['-c', program, 'sh', scripts, join(folder, 'network'), login]);
  const sentences = (word: string) =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  return { left: sentences('left'), lost: sentences('lost') };
}

/** A shape's saved files, with the text of some changed. */
async function changed(shape: string, ...changes: readonly [string | RegExp, string][]): Promise<Files> {
  const files = [...(await savedFiles(shape))];
  const replaced = (text: string) => changes.reduce((result, [from, to]) => result.replaceAll(from, to), text);
  return new Map(files.map(([name, text]) => [name, replaced(text)]));
}

describe('kexec/run lets nobody lose the way in:', () => {
  it.each([
    ['ovs', '198.51.100.20', 'vmbr0 (openvswitch)'],
    ['ipoib', '192.168.1.20', 'ib0 (ipoib)'],
    ['pppoe', '203.0.113.7', 'ppp0 (ppp)'],
    ['wlan', '192.168.1.20', 'wlan0 (Wi-Fi)'],
  ])('%s', async (shape, address, interface_) => {
    const files = await savedFiles(shape);
    const way = `the IPv4 default route goes over ${interface_}, which the installer cannot bring up`;
    expect((await foundOut(files, address)).lost).toEqual([
      `you are logged in through ${address} on ${interface_}, which the installer cannot bring up`,
      way,
    ]);
    expect((await foundOut(files)).lost).toEqual([way]);
  });

  it('a VPN through which somebody is logged in, though the default route stays', async () => {
    expect((await foundOut(await savedFiles('tailscale-dns'), '100.64.1.2')).lost).toEqual([
      'you are logged in through 100.64.1.2 on tailscale0 (tun), which the installer cannot bring up',
    ]);
    expect((await foundOut(await savedFiles('tailscale-dns'), '198.51.100.20')).lost).toEqual([]);
  });

  it('a tunnel that ends at the machine itself', async () => {
    const { lost } = await foundOut(await savedFiles('nm-dhcp'), '127.0.0.1');
    expect(lost).toEqual([expect.stringContaining('you are logged in through 127.0.0.1, the end of a tunnel')]);
  });

  it('a temporary address, which is made anew', async () => {
    const temporary = { family: 'inet6', local: '2001:db8::77', prefixlen: 64, scope: 'global', temporary: true };
    const files = await changed('nm-dhcp', [
      /"addr_info":\[\{"family":"inet","local":"10\.0/g,
      `"addr_info":[${JSON.stringify(temporary)},{"family":"inet","local":"10.0`,
    ]);
    expect((await foundOut(files, '2001:db8::77')).lost).toEqual([
      expect.stringContaining('2001:db8::77 on eth0, a temporary address'),
    ]);
  });

  it('an address of lo that a routing daemon announces', async () => {
    const files = new Map(await savedFiles('lo-address'));
    expect((await foundOut(files, '203.0.113.5')).lost).toEqual([]);
    files.set('daemon-routes', '186 4\n');
    expect((await foundOut(files, '203.0.113.5')).lost).toEqual([
      expect.stringContaining('203.0.113.5 on lo, which is reached because a routing daemon announces it'),
    ]);
  });

  it('a gateway that nothing leads to any more', async () => {
    const files = await changed('nm-dhcp', ['10.0.2.0/24', '10.9.9.0/24']);
    expect((await foundOut(files)).lost).toEqual([
      'the gateway 10.0.2.2 of the IPv4 default route on eth0 is out of reach of what the installer can bring up',
    ]);
  });

  it('a network that cannot be read at all', async () => {
    expect((await foundOut(new Map())).lost).toEqual(['the network of this machine could not be read']);
  });

  it.each([
    'azure-vf',
    'kube-ipvs',
    'lo-address',
    'mgmt-vrf',
    'networkd-dhcp',
    'nm-dhcp',
    'team',
    'vlan-aware-bridge',
    'vlan-plain-bridge',
  ])('%s comes back', async (shape) => {
    expect((await foundOut(await savedFiles(shape), '198.51.100.20')).lost).toEqual([]);
  });

  it('each default route counts: the best one, and that of each family', async () => {
    const second =
      '{"type":"unicast","dst":"default","dev":"eth1","table":"main","protocol":"dhcp","scope":"link","flags":[],"metric":900}';
    const files = new Map(await savedFiles('ovs'));
    files.set('routes4.json', `[${second},${String(files.get('routes4.json')).slice(1)}`);
    expect((await foundOut(files)).lost).toEqual([expect.stringContaining('the IPv4 default route goes over vmbr0')]);
    files.set(
      'routes4.json',
      String(files.get('routes4.json'))
        .replace('"metric":900', '"metric":0')
        .replace('"dev":"vmbr0"', '"dev":"vmbr0","metric":50'),
    );
    expect((await foundOut(files)).lost).toEqual([]);
  });
});

describe('what will be left behind', () => {
  it('is an interface with its addresses, and those without by their kind', async () => {
    expect((await foundOut(await savedFiles('bond-vlan-bridge'))).left).toEqual([
      'interface docker0 (bridge): 172.17.0.1/16',
    ]);
    expect((await foundOut(await savedFiles('kube-ipvs'))).left).toEqual([
      'interface kube-ipvs0 (dummy, filled by a daemon): 10.96.0.1/32 10.96.0.10/32 198.51.100.200/32',
    ]);
    expect((await foundOut(await savedFiles('ovs'))).left.slice(0, 2)).toEqual([
      'interface vmbr0 (openvswitch): 198.51.100.20/24',
      'interface ovs-system (openvswitch)',
    ]);
  });

  it('are the routes of routing daemons, counted, but for a default route', async () => {
    const routes = [...Array(1000).keys()].map(
      (i) =>
        `{"type":"1","dst":"11.${i >> 8}.${i & 255}.0/24","gateway":"10.0.2.2","dev":"eth0","table":"254","protocol":"${i % 2 ? 12 : 186}"}`,
    );
    const files = new Map(await savedFiles('nm-dhcp'));
    files.set(
      'routes4.json',
      `[${[...routes, String(files.get('routes4.json')).slice(1, -1).replace('"protocol":"dhcp"', '"protocol":"bird"')].join()}]`,
    );
    files.set('daemon-routes', '12 7\n');
    const { left, lost } = await foundOut(files);
    expect(left).toEqual(['500 routes of bgp', '507 routes of bird']);
    expect(lost).toEqual([]);
  });

  it('is a name server that only a VPN led to; another one that the machine knows takes its place', async () => {
    const files = new Map(await savedFiles('tailscale-dns'));
    expect((await foundOut(files)).left).toContain(
      'name server 100.100.100.100 (reached through tailscale0; no other one is known)',
    );
    files.set('other-resolvers', 'nameserver 100.100.100.100\nnameserver 192.0.2.53\n');
    expect((await foundOut(files)).left).toContain('name server 100.100.100.100 (reached through tailscale0)');
  });

  it('is what a bridge minded of VLANs, where its ports’ are not known', async () => {
    const files = new Map(await savedFiles('vlan-aware-bridge'));
    expect((await foundOut(files)).left).toEqual([expect.stringContaining('VLAN filtering of vmbr0')]);
    files.set(
      'vlans.json',
      '[{"ifname":"eth0","vlans":[{"vlan":1,"flags":["PVID","Egress Untagged"]},{"vlan":2,"vlanEnd":4094}]}]',
    );
    expect((await foundOut(files)).left).toEqual([]);
  });

  it.each([
    ['{"priority":10,"src":"all","table":"isp1"}', 'rule 10 to table isp1'],
    [
      '{"priority":10,"src":"all","table":"200","a_new_selector":7}',
      'rule 10 to table 200 (a_new_selector cannot be restored)',
    ],
    ['{"priority":10,"src":"all","l3mdev":null,"action":"7"}', 'rule 10 (it needs a VRF'],
  ])('is a rule that would match more than it did: %s', async (rule, sentence) => {
    const files = new Map(await savedFiles('nm-dhcp')).set('rules4.json', `[${rule}]`);
    expect((await foundOut(files)).left).toEqual([expect.stringContaining(sentence)]);
  });
});

describe('kexec/run itself', () => {
  const login = '192.0.2.9 50000 198.51.100.20 22';

  /** Runs it on a machine whose `ip` tells of an Open vSwitch. */
  async function onOpenVSwitch(args: readonly string[], change: string, environment: Readonly<Record<string, string>>) {
    await using machine = await Machine.make();
    const saved = join(folderOf('ovs'), 'saved.json');
    const ip = `#!/bin/sh
case "$*" in
  *address*) jq -c .links ${saved} ;;
  *-4*route*) jq -c .routes4 ${saved} ;;
  *-6*route*) jq -c .routes6 ${saved} ;;
  *-4*rule*) jq -c .rules4 ${saved} ;;
  *-6*rule*) jq -c .rules6 ${saved} ;;
esac
`;
    await writeFile(join(machine.kexec, 'ip'), ip, { mode: 0o755 });
    await machine.seal();
    return await machine.run(args, change, environment);
  }

  it('refuses, naming interface and address, and what else stays behind', async () => {
    const { exitCode, stderr } = await onOpenVSwitch(['--dry-run'], ':', { SSH_CONNECTION: login });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('not taken along: interface ovs-system (openvswitch)');
    expect(stderr).toMatch(/logged in through 198\.51\.100\.20 on vmbr0 \(openvswitch\).*nothing was changed/);
  });

  it('knows the address also where sudo or su dropped it on the way', async () => {
    const change = `export SSH_CONNECTION='${login}' && exec sh -c 'env -u SSH_CONNECTION "$1/kexec/run" --dry-run; exit $?' sh "$1"`;
    const { exitCode, stderr } = await onOpenVSwitch([], change, {});
    expect(exitCode).toBe(1);
    expect(stderr).toContain('logged in through 198.51.100.20 on vmbr0');
  });

  it('goes on when it is forced to, and says so', async () => {
    const { exitCode, stdout, stderr } = await onOpenVSwitch(['--dry-run', '--force'], ':', { SSH_CONNECTION: login });
    expect(stderr).toMatch(/on vmbr0 \(openvswitch\).*going on because of --force/);
    expect(stdout).toContain('left behind:\n  interface vmbr0 (openvswitch): 198.51.100.20/24');
    expect(exitCode).toBe(0);
  });
});
