import { FIRST_DHCP_ADDRESS, type Wiring } from 'nixos-images/boot';
import { aggregate, trunk } from 'nixos-images/testing';
import type { OverlayFile } from './host.ts';

/** How a host is on the network, and what the installer has to take over. */
export interface HostNetwork {
  readonly name: string;
  readonly wiring: Wiring;
  readonly address: string;
  /** The bond or VLAN that has the address. Its name has to stay, while a card's may differ from kernel to kernel. */
  readonly link?: string;
  /** The network as the files that set it up on a Debian. */
  readonly files: readonly OverlayFile[];
  /** The network as busybox commands. */
  readonly commands: string;
  /** Kernel modules that the commands need. */
  readonly modules: readonly ('bonding' | '8021q')[];
  /** Whether the address is lent by DHCP: the installer has to ask for it again. */
  readonly leased?: true;
  /** A shell command that succeeds on the host alone: what set its network up is what should have. */
  readonly setUpBy?: string;
  /** A shell command that ends once more of the network is there than an address that can be reached. */
  readonly proof?: string;
}

const STATIC_ADDRESS = '10.0.2.77';
const TAG = 42;

const unit = (name: string, ...lines: string[]): OverlayFile => ({
  path: `etc/systemd/network/${name}`,
  content: `${lines.join('\n')}\n`,
});
const ADDRESS = ['[Network]', `Address=${STATIC_ADDRESS}/24`, 'Gateway=10.0.2.2', 'DNS=10.0.2.3'];
// By driver, because the cards' names depend on where QEMU puts them.
const CARDS = ['[Match]', 'Driver=virtio_net'];

/** Has systemd start a unit that no maintainer script has enabled. */
const started = (service: string): OverlayFile => ({
  path: `etc/systemd/system/multi-user.target.d/${service}.conf`,
  content: `[Unit]\nWants=${service}\n`,
});
/** A connection of NetworkManager's for any wired card. It gives addresses the flag noprefixroute, and makes their routes itself. */
const connection = (...ipv4: string[]): OverlayFile => ({
  path: 'etc/NetworkManager/system-connections/wired.nmconnection',
  content: ['[connection]', 'id=wired', 'type=ethernet', '[ipv4]', ...ipv4, '[ipv6]', 'method=link-local', ''].join(
    '\n',
  ),
  mode: 0o600,
});
const BY_NETWORK_MANAGER = `ip address show | grep 'inet 10.0.2.*noprefixroute'`;

const bond = (mode: string): OverlayFile =>
  unit('10-bond0.netdev', '[NetDev]', 'Name=bond0', 'Kind=bond', '[Bond]', `Mode=${mode}`, 'MIIMonitorSec=100ms');
const vlan = (link: string): OverlayFile =>
  unit('10-vlan.netdev', '[NetDev]', `Name=${link}`, 'Kind=vlan', '[VLAN]', `Id=${TAG}`);
const BONDED = unit('20-cards.network', ...CARDS, '[Network]', 'Bond=bond0');

const addressCommands = (link: string): string => `ip link set ${link} up
ip addr add ${STATIC_ADDRESS}/24 dev ${link}
ip route add default via 10.0.2.2 dev ${link}
`;
// The module makes a bond0 of its own.
const BOND_COMMANDS = `cd /sys/class/net/bond0/bonding
echo 802.3ad >mode
echo 100 >miimon
echo +eth0 >slaves
echo +eth1 >slaves
cd /
ip link set bond0 up
`;
const vlanCommands = (below: string, link: string): string => `ip link set ${below} up
ip link add link ${below} name ${link} type vlan id ${TAG}
`;
// Both ends have agreed, on both wires. The switch lets nothing pass on a wire before, so one of them is there already.
// Root alone is told the number.
const AGGREGATED = `until grep -q 'Number of ports: 2' /proc/net/bonding/bond0; do sleep 1; done
grep 'Bonding Mode: IEEE 802.3ad' /proc/net/bonding/bond0`;

export const NETWORKS = {
  static: {
    name: 'static',
    wiring: { as: 'plain' },
    address: STATIC_ADDRESS,
    files: [unit('10-cards.network', ...CARDS, ...ADDRESS)],
    commands: addressCommands('eth0'),
    modules: [],
  },
  dynamic: {
    name: 'dynamic',
    wiring: { as: 'plain' },
    address: FIRST_DHCP_ADDRESS,
    files: [unit('10-cards.network', ...CARDS, '[Network]', 'DHCP=ipv4')],
    commands: '',
    modules: [],
    leased: true,
  },
  asked: {
    name: 'asked',
    wiring: { as: 'plain' },
    // Nobody gets this one without asking for it.
    address: '10.0.2.20',
    files: [],
    commands: `ip link set eth0 up
udhcpc -r 10.0.2.20 -i eth0 -s /etc/udhcpc.script
`,
    modules: [],
    leased: true,
  },
  'network-manager': {
    name: 'network-manager',
    wiring: { as: 'plain' },
    address: STATIC_ADDRESS,
    files: [
      started('NetworkManager.service'),
      connection('method=manual', `address1=${STATIC_ADDRESS}/24,10.0.2.2`, 'dns=10.0.2.3;'),
    ],
    commands: '',
    modules: [],
    setUpBy: BY_NETWORK_MANAGER,
  },
  // As cloud images of Ubuntu and Debian have it.
  netplan: {
    name: 'netplan',
    wiring: { as: 'plain' },
    address: STATIC_ADDRESS,
    files: [
      {
        path: 'etc/netplan/50-cloud-init.yaml',
        content: `network:
  version: 2
  ethernets:
    card:
      match: {driver: virtio_net}
      addresses: [${STATIC_ADDRESS}/24]
      nameservers: {addresses: [10.0.2.3]}
      routes:
        - {to: default, via: 10.0.2.2}
`,
        mode: 0o600,
      },
    ],
    commands: '',
    modules: [],
    setUpBy: 'test -e /run/systemd/network/10-netplan-card.network',
  },
  bond: {
    name: 'bond',
    wiring: { as: 'pair' },
    address: STATIC_ADDRESS,
    link: 'bond0',
    files: [bond('active-backup'), BONDED, unit('30-bond0.network', '[Match]', 'Name=bond0', ...ADDRESS)],
    commands: '',
    modules: ['bonding'],
  },
  vlan: {
    name: 'vlan',
    wiring: trunk(TAG),
    address: STATIC_ADDRESS,
    link: `vlan${TAG}`,
    files: [
      vlan(`vlan${TAG}`),
      unit('20-cards.network', ...CARDS, '[Network]', `VLAN=vlan${TAG}`, 'LinkLocalAddressing=no'),
      unit(`30-vlan${TAG}.network`, '[Match]', `Name=vlan${TAG}`, ...ADDRESS),
    ],
    commands: `${vlanCommands('eth0', `vlan${TAG}`)}${addressCommands(`vlan${TAG}`)}`,
    modules: ['8021q'],
  },
  '802.3ad': {
    name: '802.3ad',
    wiring: aggregate(),
    address: STATIC_ADDRESS,
    link: 'bond0',
    files: [bond('802.3ad'), BONDED, unit('30-bond0.network', '[Match]', 'Name=bond0', ...ADDRESS)],
    commands: `${BOND_COMMANDS}${addressCommands('bond0')}`,
    modules: ['bonding'],
    proof: AGGREGATED,
  },
  '802.3ad-vlan': {
    name: '802.3ad-vlan',
    wiring: aggregate(TAG),
    address: STATIC_ADDRESS,
    link: `bond0.${TAG}`,
    files: [
      bond('802.3ad'),
      BONDED,
      vlan(`bond0.${TAG}`),
      unit('30-bond0.network', '[Match]', 'Name=bond0', '[Network]', `VLAN=bond0.${TAG}`, 'LinkLocalAddressing=no'),
      unit('40-vlan.network', '[Match]', `Name=bond0.${TAG}`, ...ADDRESS),
    ],
    commands: `${BOND_COMMANDS}${vlanCommands('bond0', `bond0.${TAG}`)}${addressCommands(`bond0.${TAG}`)}`,
    modules: ['bonding', '8021q'],
    proof: AGGREGATED,
  },
} as const satisfies Record<string, HostNetwork>;
