import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { execa } from 'execa';
import { findMachineParts, findTool, makeSshKey, needUefi } from 'nixos-images/boot';
import { SmokeFacts } from 'nixos-images/testing';
import { expect, inject } from 'vitest';
import { bootTest, LOGS, PATIENCE } from './boot-test.ts';

/**
 * A network of its own with dnsmasq on it, and a machine. It ends with the process that started it, and the machine
 * by itself. In: $edge, a socket that leads to the edge, $node, $dnsmasq, $folder with its configuration; then QEMU's command line.
 */
const NETWORK = `
ip link set lo up
ip tuntap add dev machine mode tap
ip address add 10.77.0.1/24 dev machine
ip link set machine up
"$node" -e '
  const net = require("node:net");
  net.createServer((client) => {
    const edge = net.connect(process.env.edge);
    client.on("error", () => edge.destroy()).pipe(edge);
    edge.on("error", () => client.destroy()).pipe(client);
  }).listen(80, "10.77.0.1");
' &
"$dnsmasq" --no-daemon --conf-file="$folder/dnsmasq.conf" &
"$@"
`;

/** As docs/boot.md has it. In quotes, because a customisation has commas. */
const configuration = (address: string, folder: string) => `port=0
interface=machine
bind-interfaces
dhcp-leasefile=${folder}/leases
dhcp-range=10.77.0.10,10.77.0.20
dhcp-vendorclass=set:http,HTTPClient
dhcp-option-force=tag:http,60,HTTPClient
dhcp-boot=tag:http,"${address}"
`;

bootTest(
  'netboot-http-dnsmasq',
  'firmware without iPXE gets an address from a DHCP server, and boots the EFI file there, with the key that the address brings',
  async ({ step }) => {
    await using resources = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'nixos-images-http-boot-'));
    resources.defer(() => rm(folder, { recursive: true }));
    const key = resources.use(await makeSshKey('http-boot'));

    const edge = join(folder, 'edge');
    const { hostname, port } = new URL(inject('stackUrl'));
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      client.on('error', () => upstream.destroy()).pipe(upstream);
      upstream.on('error', () => client.destroy()).pipe(client);
    }).listen(edge);
    await once(server, 'listening');
    resources.defer(() => void server.close());

    const encode = (text: string) => Buffer.from(text).toString('base64url');
    const customisation = `key:${encode(key.publicKey)},cmdline:${encode('smoke.poweroff')}`;
    const address = `http://10.77.0.1/with/${customisation}/netboot/x86_64.efi`;
    // What one option of DHCP holds (RFC 2132, section 2).
    expect(address.length).toBeLessThanOrEqual(255);

    await writeFile(join(folder, 'dnsmasq.conf'), configuration(address, folder));

    const parts = await findMachineParts('x86_64');
    const uefi = needUefi(parts, 'x86_64');
    const machine = [
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio', '-monitor', 'none'],
      ...['-accel', parts.accelerator, '-m', '768M'],
      ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${uefi.code}`],
      ...['-drive', `if=pflash,unit=1,format=raw,snapshot=on,file=${uefi.variables}`],
      ...['-netdev', 'tap,id=network,ifname=machine,script=no,downscript=no'],
      ...['-device', 'virtio-net-pci,netdev=network,romfile=,bootindex=0'],
      ...['-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n'],
      ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
    ];
    const namespaces = ['--map-root-user', '--net', '--pid', '--fork', '--kill-child'];
    const dnsmasq = await findTool('dnsmasq', { debian: 'dnsmasq-base', nix: 'dnsmasq' });
    step('power on (uefi, by HTTP)');
    const { stdout, all } = await execa(
      parts.setpriv,
      ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-euc', NETWORK, 'sh', parts.qemu, ...machine],
      { env: { edge, folder, dnsmasq, node: execPath }, all: true, timeout: PATIENCE * 1000, reject: false },
    );
    await writeFile(`${LOGS}netboot-http-dnsmasq.log`, all);
    step('power off');
    expect(all).toMatch(/DHCPACK\(machine\) 10\.77\.0\.1\d/);
    const facts = new SmokeFacts(stdout);
    expect(facts.of('kind')).toMatchObject([{ kind: 'netboot', arch: 'x86_64' }]);
    expect(facts.of('authorized-key')).toHaveLength(1);
    expect(stdout).toMatch(/smoke: ready/);
  },
);
