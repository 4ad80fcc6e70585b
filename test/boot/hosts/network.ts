import { FIRST_DHCP_ADDRESS, type Wiring } from 'nixos-images/boot';
import type { OverlayFile } from './host.ts';

/** How a host is on the network, and what the installer has to take over. */
export interface HostNetwork {
  readonly name: 'static' | 'dynamic' | 'bond' | 'vlan';
  readonly wiring: Wiring;
  readonly address: string;
  /** Interface that has the address where systemd does not choose names. */
  readonly link: string;
  /** The network as systemd-networkd's units. */
  readonly units: readonly OverlayFile[];
  /** The network as busybox commands. */
  readonly commands: string;
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

const addressCommands = (link: string): string => `ip link set ${link} up
ip addr add ${STATIC_ADDRESS}/24 dev ${link}
ip route add default via 10.0.2.2 dev ${link}
`;

export const NETWORKS = {
  static: {
    name: 'static',
    wiring: { as: 'plain' },
    address: STATIC_ADDRESS,
    link: 'eth0',
    units: [unit('10-cards.network', ...CARDS, ...ADDRESS)],
    commands: addressCommands('eth0'),
  },
  dynamic: {
    name: 'dynamic',
    wiring: { as: 'plain' },
    address: FIRST_DHCP_ADDRESS,
    link: 'eth0',
    units: [unit('10-cards.network', ...CARDS, '[Network]', 'DHCP=ipv4')],
    commands: `ip link set eth0 up
udhcpc -q -f -i eth0 -s /etc/udhcpc.script
`,
  },
  bond: {
    name: 'bond',
    wiring: { as: 'pair' },
    address: STATIC_ADDRESS,
    link: 'bond0',
    units: [
      unit(
        '10-bond0.netdev',
        '[NetDev]',
        'Name=bond0',
        'Kind=bond',
        '[Bond]',
        'Mode=active-backup',
        'MIIMonitorSec=100ms',
      ),
      unit('20-cards.network', ...CARDS, '[Network]', 'Bond=bond0'),
      unit('30-bond0.network', '[Match]', 'Name=bond0', ...ADDRESS),
    ],
    commands: '',
  },
  vlan: {
    name: 'vlan',
    wiring: { as: 'trunk', tag: TAG },
    address: STATIC_ADDRESS,
    link: `vlan${TAG}`,
    units: [
      unit(`10-vlan${TAG}.netdev`, '[NetDev]', `Name=vlan${TAG}`, 'Kind=vlan', '[VLAN]', `Id=${TAG}`),
      unit('20-cards.network', ...CARDS, '[Network]', `VLAN=vlan${TAG}`, 'LinkLocalAddressing=no'),
      unit(`30-vlan${TAG}.network`, '[Match]', `Name=vlan${TAG}`, ...ADDRESS),
    ],
    commands: '',
  },
} as const satisfies Record<string, HostNetwork>;
