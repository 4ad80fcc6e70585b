import { alpineLikeFiles, bareBusyboxFiles } from './busybox.ts';
import type { DebianParts } from './debian.ts';
import type { OverlayFile } from './host.ts';
import type { HostNetwork } from './network.ts';
import { nixosLikeFiles } from './nixos-like.ts';

/** What a kind of host starts with, beside its identity. */
export interface HostSystem {
  readonly disks: readonly string[];
  /** Kernel parameters that choose its root file system and first program (see host-initrd.ts). */
  readonly parameters: string;
  readonly files: readonly OverlayFile[];
}

type MakeHostSystem = (network: HostNetwork, parts: DebianParts) => Promise<HostSystem>;

/** The kinds of host that the installer is started from. */
export const HOST_KINDS = {
  debian: async (network, { disk }) => ({
    disks: [disk],
    parameters: '',
    files: [...network.units, { path: 'etc/resolv.conf', content: 'nameserver 10.0.2.3\n' }],
  }),
  'alpine-like': async (network, parts) => ({
    disks: [],
    parameters: 'host.root=memory',
    files: await alpineLikeFiles(network, parts),
  }),
  'bare-busybox': async (network) => ({
    disks: [],
    parameters: 'host.root=memory',
    files: bareBusyboxFiles(network),
  }),
  'nixos-like': async (network, { disk }) => ({
    disks: [disk],
    parameters: 'host.init=/host-init',
    files: await nixosLikeFiles(network),
  }),
} as const satisfies Record<string, MakeHostSystem>;

export type HostKind = keyof typeof HOST_KINDS;
