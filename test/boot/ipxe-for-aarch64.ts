import { access, copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';
import { cachedFolder } from './cached-folder.ts';
import { scratchApt } from './scratch-apt.ts';

const PATH_IN_PACKAGE = 'usr/lib/ipxe/ipxe-arm64.efi';

/**
 * Sees to it that machines find an iPXE for aarch64: one that is installed or named by the environment, else Debian 13's,
 * the first to have one; it is unpacked beside the tests and nothing is installed.
 */
export async function provideIpxeForAarch64(): Promise<void> {
  const installed = access(`/${PATH_IN_PACKAGE}`).then(
    () => true,
    () => false,
  );
  if (env['IPXE_EFI_AARCH64'] || (await installed)) return;
  const recipe = ['ipxe-for-aarch64.ts', 'scratch-apt.ts'].map((name) => new URL(name, import.meta.url));
  const made = await cachedFolder('ipxe-for-aarch64', recipe, async (folder) => {
    const dpkgDeb = await findTool('dpkg-deb', { debian: 'dpkg', nix: 'dpkg' });
    const work = join(folder, 'apt');
    const root = join(folder, 'root');
    const apt = await scratchApt({ architecture: 'amd64', suite: 'trixie' }, work);
    await mkdir(root);
    for (const archive of await apt.download('ipxe')) await execa(dpkgDeb, ['-x', archive, root]);
    await copyFile(join(root, PATH_IN_PACKAGE), join(folder, 'ipxe.efi'));
    await Promise.all([work, root].map((path) => rm(path, { recursive: true })));
  });
  env['IPXE_EFI_AARCH64'] = join(made, 'ipxe.efi');
}
