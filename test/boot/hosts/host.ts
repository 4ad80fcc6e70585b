import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NewcEntry, newcArchive } from '@nixos-images/shared';
import { makeSshKey, type SshKey } from 'nixos-images/boot';

/** What makes a host this host; all of it has to be found again in the installer that it kexecs into. */
export interface HostIdentity extends AsyncDisposable {
  readonly hostname: string;
  readonly machineId: string;
  /** The key that may log in as root. */
  readonly key: SshKey;
  readonly hostKey: SshKey;
}

/** A new identity with keys of its own. */
export async function makeHostIdentity(hostname: string): Promise<HostIdentity> {
  const [key, hostKey] = await Promise.all([makeSshKey(`admin of ${hostname}`), makeSshKey(`root@${hostname}`)]);
  return {
    hostname,
    machineId: randomBytes(16).toString('hex'),
    key,
    hostKey,
    async [Symbol.asyncDispose]() {
      await key[Symbol.asyncDispose]();
      await hostKey[Symbol.asyncDispose]();
    },
  };
}

/** A file to lay over a host's root file system before it starts. */
export interface OverlayFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly mode?: number;
}

/** The host key and the machine-id where a host with OpenSSH and systemd has them. */
export async function opensshIdentityFiles({ hostKey, machineId }: HostIdentity): Promise<OverlayFile[]> {
  return [
    { path: 'etc/machine-id', content: `${machineId}\n` },
    { path: 'etc/ssh/ssh_host_ed25519_key', content: await readFile(hostKey.privateKeyFile, 'utf8'), mode: 0o600 },
    { path: 'etc/ssh/ssh_host_ed25519_key.pub', content: `${hostKey.publicKey}\n` },
  ];
}

// sshd trusts no authorized_keys below a folder that others may write to.
const PRIVATE_FOLDERS = new Set(['root', 'root/.ssh']);

/** The initrd archive that lays files over a host's root file system (see host-initrd.ts). */
export function overlayArchive(files: readonly OverlayFile[]): Uint8Array {
  const entries = new Map<string, NewcEntry>([['overlay', { path: 'overlay', folder: true, mode: 0o755 }]]);
  for (const { path, content, mode = 0o644 } of files) {
    const folders = path.split('/').slice(0, -1);
    folders.forEach((_, index) => {
      const folder = folders.slice(0, index + 1).join('/');
      const entry = `overlay/${folder}`;
      entries.set(entry, { path: entry, folder: true, mode: PRIVATE_FOLDERS.has(folder) ? 0o700 : 0o755 });
    });
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    entries.set(`overlay/${path}`, { path: `overlay/${path}`, content: bytes, mode });
  }
  return newcArchive([...entries.values()]);
}

/** A file that is deleted at the end of its scope. */
export interface ScopedFile extends AsyncDisposable {
  readonly path: string;
}

/** A host's initrd with an overlay behind it. */
export async function initrdWithOverlay(initrd: string, files: readonly OverlayFile[]): Promise<ScopedFile> {
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-host-'));
  const path = join(folder, 'initrd');
  await writeFile(path, Buffer.concat([await readFile(initrd), overlayArchive(files)]));
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
