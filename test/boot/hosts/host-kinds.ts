import { alpineLikeFiles } from './alpine-like.ts';
import { bareBusyboxFiles } from './busybox.ts';
import type { DebianParts } from './debian.ts';
import { type HostIdentity, type HostSystem, type OverlayFile, opensshIdentityFiles } from './host.ts';
import { installerIdentityFiles, installerSystem } from './installer.ts';
import type { HostNetwork } from './network.ts';
import { nixosLikeFiles } from './nixos-like.ts';
import { dropbearIdentityFiles, openwrtLikeFiles } from './openwrt-like.ts';

export interface HostKind {
  readonly system: (network: HostNetwork, parts: DebianParts, scope: AsyncDisposableStack) => Promise<HostSystem>;
  /** The files that hold its host key and machine-id. */
  readonly identity: (identity: HostIdentity) => Promise<readonly OverlayFile[]>;
  /** What there is not on such a host, in the words of the installer that misses it. */
  readonly lacks: readonly 'machine-id'[];
}

const inMemory = ({ modules }: HostNetwork): string => `host.root=memory host.modules=${modules.join(',')}`;

/** The kinds of host that the installer is started from. */
export const HOST_KINDS = {
  debian: {
    system: async (network, { disk }) => ({
      disks: [disk],
      parameters: '',
      files: [
        ...network.files,
        { path: 'etc/resolv.conf', content: 'nameserver 10.0.2.3\n' },
        // What is laid over a host belongs to root, the folder of the administrator's keys among it.
        { path: 'etc/tmpfiles.d/admin.conf', content: 'd /home/admin 0755 1000 1000\n' },
      ],
    }),
    identity: opensshIdentityFiles,
    lacks: [],
  },
  'alpine-like': {
    system: async (network, parts) => ({
      disks: [],
      parameters: inMemory(network),
      files: await alpineLikeFiles(network, parts),
    }),
    identity: opensshIdentityFiles,
    lacks: [],
  },
  'openwrt-like': {
    system: async (network) => ({
      disks: [],
      parameters: inMemory(network),
      files: await openwrtLikeFiles(network),
    }),
    identity: dropbearIdentityFiles,
    lacks: ['machine-id'],
  },
  'bare-busybox': {
    system: async (network) => ({
      disks: [],
      parameters: inMemory(network),
      files: bareBusyboxFiles(network),
    }),
    identity: opensshIdentityFiles,
    lacks: [],
  },
  'nixos-like': {
    system: async (network, { disk }) => ({
      disks: [disk],
      parameters: 'host.init=/host-init',
      files: await nixosLikeFiles(network),
    }),
    identity: opensshIdentityFiles,
    lacks: [],
  },
  installer: {
    system: (_network, _parts, scope) => installerSystem(scope),
    identity: installerIdentityFiles,
    lacks: [],
  },
} as const satisfies Record<string, HostKind>;

export type HostKindName = keyof typeof HOST_KINDS;
