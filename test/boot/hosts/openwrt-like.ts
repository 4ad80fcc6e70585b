import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { busyboxFiles, muslFiles } from './busybox.ts';
import type { HostIdentity, OverlayFile } from './host.ts';
import { muslPrograms } from './musl-programs.ts';
import type { HostNetwork } from './network.ts';

/** Programs of busybox that OpenWrt's is built without, or that a person may have left out. */
const NOT_THERE = ['base64', 'cpio', 'gzip', 'nohup', 'od', 'setsid', 'sha256sum', 'stat'];

const HOST_KEY = 'etc/dropbear/dropbear_ed25519_host_key';

/** A host like OpenWrt: a small busybox linked to musl, and dropbear instead of OpenSSH. */
export async function openwrtLikeFiles(network: HostNetwork): Promise<OverlayFile[]> {
  const { programs, files } = await muslFiles();
  const last = `rm ${NOT_THERE.map((name) => `/bin/${name}`).join(' ')}
dropbear -r /${HOST_KEY}
while :; do sleep 1000; done
`;
  return [
    ...busyboxFiles(network, last),
    ...files,
    { path: 'bin/dropbear', content: await readFile(programs.dropbear), mode: 0o755 },
  ];
}

/** The host key in dropbear's form; there is no machine-id. */
export async function dropbearIdentityFiles({ hostKey }: HostIdentity): Promise<OverlayFile[]> {
  const { loader, dropbearconvert } = await muslPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-dropbear-'));
  try {
    const converted = join(folder, 'key');
    await execa(loader, [dropbearconvert, 'openssh', 'dropbear', hostKey.privateKeyFile, converted]);
    return [{ path: HOST_KEY, content: await readFile(converted), mode: 0o600 }];
  } finally {
    await rm(folder, { recursive: true });
  }
}
