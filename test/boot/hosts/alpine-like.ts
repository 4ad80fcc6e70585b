import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { busyboxFiles, muslFiles } from './busybox.ts';
import type { DebianParts } from './debian.ts';
import type { OverlayFile } from './host.ts';
import type { HostNetwork } from './network.ts';

// The one program of glibc. Its loader stands where no program looks for it: others of glibc fail here as on Alpine.
const SSHD = '/opt/sshd/ld.so --library-path /opt/sshd/lib /opt/sshd/sshd -r -f /etc/ssh/sshd_config';

/** A host like Alpine: busybox's ash and tools, linked to musl, and OpenSSH. */
export async function alpineLikeFiles(network: HostNetwork, { sshd }: DebianParts): Promise<OverlayFile[]> {
  const parts = ['sshd', 'ld.so', ...(await readdir(join(sshd, 'lib'))).map((name) => `lib/${name}`)];
  return [
    ...busyboxFiles(network, `${SSHD}\nwhile :; do sleep 1000; done\n`),
    ...(await muslFiles()).files,
    { path: 'etc/ssh/sshd_config', content: 'UsePAM no\nPermitRootLogin prohibit-password\nSetEnv PATH=/bin\n' },
    ...(await Promise.all(
      parts.map(async (name) => ({ path: `opt/sshd/${name}`, content: await readFile(join(sshd, name)), mode: 0o755 })),
    )),
  ];
}
