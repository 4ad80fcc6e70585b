import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Arch, customisationInitrd, NO_CUSTOMISATION, type PublicKey } from '@nixos-images/shared';
import { execa } from 'execa';
import { kernelMachine } from './image-machine.ts';
import type { MachineDescription } from './machine-description.ts';

/**
 * The host from which the boot gate tries a kexec tarball: the tarball's own system, started by QEMU without kexec, with
 * one authorized key. It needs nothing but the release itself, has sshd, tar and a downloader, and the jump is seen by a
 * new boot id. `parameters` are more words for its kernel.
 */
export async function kexecHost(
  name: string,
  arch: Arch,
  tarball: string,
  authorizedKey: PublicKey,
  parameters: readonly string[],
  folder: string,
): Promise<MachineDescription> {
  await mkdir(folder, { recursive: true });
  await execa('tar', ['-xzf', tarball, '-C', folder, 'kexec/bzImage', 'kexec/initrd', 'kexec/image.conf']);
  const unpacked = join(folder, 'kexec');
  const settings = await readFile(join(unpacked, 'image.conf'), 'utf8');
  const own = /^cmdline=(.*)$/m.exec(settings)?.[1];
  if (own === undefined) throw new Error('the tarball has no cmdline= in kexec/image.conf');
  const image = await readFile(join(unpacked, 'initrd'));
  // The kernel wants an archive that is not packed to start at a multiple of four bytes.
  const padding = new Uint8Array((4 - (image.length % 4)) % 4);
  const initrd = join(folder, 'initrd-with-key');
  await writeFile(
    initrd,
    Buffer.concat([image, padding, customisationInitrd({ ...NO_CUSTOMISATION, keys: [authorizedKey] })]),
  );
  const kernel = join(unpacked, 'bzImage');
  return kernelMachine(name, arch, { kernel, initrd, parameters: [own, ...parameters].join(' ') }, image.length);
}

/** The line that a person types on the host, with whichever downloader there is; for a lean image with where its store is. */
export function kexecLine(address: URL, store?: URL): string {
  const download = `if command -v curl >/dev/null; then curl -fsSL ${address.href}; else wget -qO- ${address.href}; fi`;
  return `(${download}) | tar -xz -C /root && /root/kexec/run${store === undefined ? '' : ` --store-url ${store.href}`}`;
}
