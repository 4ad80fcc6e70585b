import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';

export interface PackageChoice {
  /** Debian's name of the architecture. */
  readonly architecture: 'amd64' | 'arm64';
  readonly packages: readonly string[];
}

/**
 * Unpacks Debian packages and all that they depend on into a folder, laid out with a merged /usr. Asks the mirrors that
 * the machine's own apt asks (those in the file DEBIAN_SOURCES_LIST, if it is set), with a state of its own in `work`, so that nothing on the machine changes. No maintainer
 * script runs: what they would have set up is the caller's to write.
 */
export async function unpackDebianPackages(choice: PackageChoice, root: string, work: string): Promise<void> {
  const dpkgDeb = await findTool('dpkg-deb', { debian: 'dpkg', nix: 'dpkg' });
  const archives = await download(choice, work);
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) await mkdir(join(root, 'usr', folder), { recursive: true });
  await execa('ln', ['-s', 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', root]);
  // Not `dpkg-deb -x`: that would put a folder where /bin is a link.
  const unpack = `set -e; root=$1 dpkg_deb=$2; shift 2
    for archive; do "$dpkg_deb" --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$root"; done`;
  await execa('sh', ['-c', unpack, 'unpack', root, dpkgDeb, ...archives]);
}

/** The options with which apt asks the mirrors of DEBIAN_SOURCES_LIST, for machines that are no Debian. */
function sourcesOptions(): string[] {
  const list = process.env['DEBIAN_SOURCES_LIST'];
  return list ? [`Dir::Etc::SourceList=${list}`, 'Dir::Etc::SourceParts=/dev/null'] : [];
}

async function download({ architecture, packages }: PackageChoice, work: string): Promise<string[]> {
  const aptGet = await findTool('apt-get', { debian: 'apt', nix: 'apt' });
  const archives = join(work, 'archives');
  await mkdir(join(work, 'lists', 'partial'), { recursive: true });
  await mkdir(join(archives, 'partial'), { recursive: true });
  await writeFile(join(work, 'status'), '');
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State=${work}`,
    `Dir::State::Lists=${join(work, 'lists')}`,
    `Dir::State::status=${join(work, 'status')}`,
    `Dir::Cache=${work}`,
    `Dir::Cache::archives=${archives}`,
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
    // A mirror that drops one connection should not cost the whole run.
    'Acquire::Retries=3',
    ...sourcesOptions(),
  ].flatMap((option) => ['-o', option]);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await execa(aptGet, [...options, '-q', 'update'], { env });
  await execa(aptGet, [...options, '-q', '-y', '--download-only', 'install', ...packages], { env });
  const { stdout } = await execa('find', [archives, '-maxdepth', '1', '-name', '*.deb']);
  return stdout.split('\n').filter((line) => line !== '');
}
