import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download } from 'nixos-images/boot';
import { inject } from 'vitest';
import type { HostIdentity, HostSystem, OverlayFile } from './host.ts';

/** An installer as a host: the netboot image of the local stack, which may be kexec'd into the newest one. */
export async function installerSystem(scope: AsyncDisposableStack): Promise<HostSystem> {
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-installer-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const part = async (name: string): Promise<string> => {
    await download(new URL(`/netboot/x86_64/${name}`, inject('stackUrl')), join(folder, name));
    return join(folder, name);
  };
  return {
    boot: { kernel: await part('kernel'), initrd: await part('initrd') },
    disks: [],
    parameters: (await readFile(await part('cmdline'), 'utf8')).trim(),
    files: [],
  };
}

/** Its identity, as one that came to it by kexec: it restores what is there. */
export async function installerIdentityFiles(identity: HostIdentity): Promise<OverlayFile[]> {
  const { hostKey, hostname, machineId } = identity;
  return [
    { path: 'host-state/machine-id', content: `${machineId}\n` },
    { path: 'host-state/hostname', content: `${hostname}\n` },
    {
      path: 'host-state/ssh/ssh_host_ed25519_key',
      content: await readFile(hostKey.privateKeyFile, 'utf8'),
      mode: 0o600,
    },
    { path: 'host-state/ssh/ssh_host_ed25519_key.pub', content: `${hostKey.publicKey}\n` },
  ];
}
