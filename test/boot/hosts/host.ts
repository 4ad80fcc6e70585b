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

/** What a host is made of before it is switched on. */
export interface HostSystem {
  /** What it is started with instead of Debian's kernel and the hosts' initrd; its files are then part of the initrd. */
  readonly boot?: { readonly kernel: string; readonly initrd: string };
  readonly disks: readonly string[];
  /** Kernel parameters that choose its root file system and first program (see host-initrd.ts). */
  readonly parameters: string;
  readonly files: readonly OverlayFile[];
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

/**
 * An initrd archive with files; `under` is the folder `overlay/`, from where they are laid over a host's root file system (see
 * host-initrd.ts), or nothing for an initrd that is the root file system.
 */
export function filesArchive(files: readonly OverlayFile[], under: 'overlay/' | ''): Uint8Array {
  const entries = new Map<string, NewcEntry>();
  if (under !== '') entries.set('overlay', { path: 'overlay', folder: true, mode: 0o755 });
  for (const { path, content, mode = 0o644 } of files) {
    const folders = path.split('/').slice(0, -1);
    folders.forEach((_, index) => {
      const folder = folders.slice(0, index + 1).join('/');
      const entry = `${under}${folder}`;
      entries.set(entry, { path: entry, folder: true, mode: PRIVATE_FOLDERS.has(folder) ? 0o700 : 0o755 });
    });
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    entries.set(`${under}${path}`, { path: `${under}${path}`, content: bytes, mode });
  }
  return newcArchive([...entries.values()]);
}

/** A file that is deleted at the end of its scope. */
export interface ScopedFile extends AsyncDisposable {
  readonly path: string;
}

/** A host's initrd with files behind it. */
export async function initrdWithFiles(
  initrd: string,
  files: readonly OverlayFile[],
  under: 'overlay/' | '',
): Promise<ScopedFile> {
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-host-'));
  const path = join(folder, 'initrd');
  await writeFile(path, Buffer.concat([await readFile(initrd), filesArchive(files, under)]));
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
