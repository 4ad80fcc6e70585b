import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';

/**
 * Unpacks Debian packages into a folder, laid out with a merged /usr. No maintainer script runs: what they would have set
 * up is the caller's to write.
 */
export async function unpackDebianPackages(archives: readonly string[], root: string): Promise<void> {
  const dpkgDeb = await findTool('dpkg-deb', { debian: 'dpkg', nix: 'dpkg' });
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) await mkdir(join(root, 'usr', folder), { recursive: true });
  await execa('ln', ['-s', 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', root]);
  // Not `dpkg-deb -x`: that would put a folder where /bin is a link.
  const unpack = `set -e; root=$1 dpkg_deb=$2; shift 2
    for archive; do "$dpkg_deb" --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$root"; done`;
  await execa('sh', ['-c', unpack, 'unpack', root, dpkgDeb, ...archives]);
}
