import { readFile } from 'node:fs/promises';
import type { OverlayFile } from './host.ts';
import { type MuslPrograms, muslPrograms } from './musl-programs.ts';
import type { HostNetwork } from './network.ts';

const UDHCPC_SCRIPT = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router" dev "$interface"
echo "nameserver $dns" >/etc/resolv.conf
`;

/** What all busybox hosts have; `last` is what their init ends with. */
export function busyboxFiles(network: HostNetwork, last: string): OverlayFile[] {
  return [
    {
      path: 'sbin/init',
      mode: 0o755,
      content: `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /run/sshd
mount -t devpts devpts /dev/pts
hostname "$(cat /etc/hostname)"
ip link set lo up
${network.commands}${last}`,
    },
    { path: 'etc/udhcpc.script', content: UDHCPC_SCRIPT, mode: 0o755 },
    { path: 'etc/resolv.conf', content: 'nameserver 10.0.2.3\n' },
    { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nsshd:x:101:65534::/run/sshd:/bin/false\n' },
    { path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
  ];
}

/** A busybox that is linked to musl, in place of the static one; gives the other programs that there are, too. */
export async function muslFiles(): Promise<{ programs: MuslPrograms; files: OverlayFile[] }> {
  const programs = await muslPrograms();
  return {
    programs,
    files: [
      { path: 'bin/busybox', content: await readFile(programs.busybox), mode: 0o755 },
      { path: 'lib/ld-musl-x86_64.so.1', content: await readFile(programs.loader), mode: 0o755 },
    ],
  };
}

/** A host with nothing but busybox: one types on its serial console. */
export function bareBusyboxFiles(network: HostNetwork): OverlayFile[] {
  return busyboxFiles(network, 'cd /root\nexec setsid cttyhack sh\n');
}
