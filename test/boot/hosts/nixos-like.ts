import { readFile } from 'node:fs/promises';
import { findTool } from 'nixos-images/boot';
import type { OverlayFile } from './host.ts';
import type { HostNetwork } from './network.ts';

const SYSTEM = '/nix/store/00000000000000000000000000000000-host-system';

/**
 * A host laid out like NixOS: programs in /run/current-system/sw/bin only, nothing in /usr/bin, /bin with sh alone, keys in
 * /etc/ssh/authorized_keys.d. Debian's programs are moved there when it starts; its first program is /host-init.
 */
export async function nixosLikeFiles(network: HostNetwork): Promise<OverlayFile[]> {
  const busybox = await findTool('busybox', { debian: 'busybox-static', nix: 'pkgsStatic.busybox' });
  return [
    { path: 'busybox', content: await readFile(busybox), mode: 0o755 },
    {
      path: 'host-init',
      mode: 0o755,
      content: `#!/busybox sh
bb() { /busybox "$@"; }
bb mount -t proc proc /proc
bb mount -t sysfs sysfs /sys
bb mount -t devtmpfs dev /dev
bb mkdir -p /dev/pts
bb mount -t devpts devpts /dev/pts
bb mount -t tmpfs -o mode=755 run /run
bb mkdir -p /nix/store /run/sshd /run/current-system
bb mv /usr ${SYSTEM}
bb ln -s ${SYSTEM} /run/current-system/sw
for program in ${SYSTEM}/sbin/*; do bb ln -s "$program" ${SYSTEM}/bin/ 2>/dev/null; done
bb rm /bin /sbin /lib /lib64
# Debian's programs want their loader and libraries here; a NixOS has a loader for foreign programs at the same place.
bb ln -s ${SYSTEM}/lib /lib
bb ln -s ${SYSTEM}/lib64 /lib64
bb mkdir /bin
bb ln -s /run/current-system/sw/bin/bash /bin/sh
export PATH=/run/current-system/sw/bin HOME=/root
hostname "$(cat /etc/hostname)"
ip link set lo up
${network.commands}
rm /busybox
/run/current-system/sw/bin/sshd
while :; do sleep 1000; done
`,
    },
    { path: 'etc/resolv.conf', content: 'nameserver 10.0.2.3\n' },
    {
      path: 'etc/passwd',
      content: `root:x:0:0:root:/root:/run/current-system/sw/bin/bash
sshd:x:101:65534::/run/sshd:/run/current-system/sw/bin/nologin
`,
    },
    {
      path: 'etc/ssh/sshd_config',
      content: `UsePAM no
PermitRootLogin prohibit-password
AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/authorized_keys.d/%u
SetEnv PATH=/run/current-system/sw/bin
`,
    },
  ];
}
