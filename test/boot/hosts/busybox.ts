import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianParts } from './debian.ts';
import type { OverlayFile } from './host.ts';
import type { HostNetwork } from './network.ts';

// The loader stands where no program looks for it: a program linked against glibc fails here as on Alpine.
const SSHD = '/opt/sshd/ld.so --library-path /opt/sshd/lib /opt/sshd/sshd -r -f /etc/ssh/sshd_config';

const UDHCPC_SCRIPT = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router" dev "$interface"
echo "nameserver $dns" >/etc/resolv.conf
`;

const USERS = `root:x:0:0:root:/root:/bin/sh
sshd:x:101:65534::/run/sshd:/bin/false
`;

function init(network: HostNetwork, last: string): OverlayFile {
  return {
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
  };
}

/** A host like Alpine: busybox's ash and tools, OpenSSH, no glibc that programs could find. (Its busybox is not musl's.) */
export async function alpineLikeFiles(network: HostNetwork, { sshd }: DebianParts): Promise<OverlayFile[]> {
  const files = ['sshd', 'ld.so', ...(await readdir(join(sshd, 'lib'))).map((name) => `lib/${name}`)];
  return [
    init(network, `${SSHD}\nwhile :; do sleep 1000; done\n`),
    { path: 'etc/udhcpc.script', content: UDHCPC_SCRIPT, mode: 0o755 },
    { path: 'etc/resolv.conf', content: 'nameserver 10.0.2.3\n' },
    { path: 'etc/passwd', content: USERS },
    { path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
    { path: 'etc/ssh/sshd_config', content: 'UsePAM no\nPermitRootLogin prohibit-password\nSetEnv PATH=/bin\n' },
    ...(await Promise.all(
      files.map(async (name) => ({ path: `opt/sshd/${name}`, content: await readFile(join(sshd, name)), mode: 0o755 })),
    )),
  ];
}

/** A host with nothing but busybox: one types on its serial console. */
export function bareBusyboxFiles(network: HostNetwork): OverlayFile[] {
  return [
    init(network, 'cd /root\nexec setsid cttyhack sh\n'),
    { path: 'etc/udhcpc.script', content: UDHCPC_SCRIPT, mode: 0o755 },
    { path: 'etc/resolv.conf', content: 'nameserver 10.0.2.3\n' },
    { path: 'etc/passwd', content: USERS },
  ];
}
