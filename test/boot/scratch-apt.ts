import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';

export interface AptChoice {
  /** Debian's name of the architecture. */
  readonly architecture: 'amd64' | 'arm64';
  /** A suite of Debian, such as `trixie`; by default those that this machine is set up for. */
  readonly suite?: string;
}

/** An apt whose state lies in one folder: nothing on the machine changes, and any Debian can be asked. */
export interface ScratchApt {
  /** Runs apt-get in a folder. */
  get(cwd: string, ...args: readonly string[]): Promise<void>;
  /** Downloads packages and all that they depend on; gives the paths of the archives. */
  download(...packages: readonly string[]): Promise<string[]>;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Makes such an apt in `folder`. It asks the mirrors that the machine's own apt asks and believes Debian's keys alone; or
 * asks and believes what the sources.list says that DEBIAN_SOURCES_LIST names.
 */
export async function scratchApt({ architecture, suite }: AptChoice, folder: string): Promise<ScratchApt> {
  const aptGet = await findTool('apt-get', { debian: 'apt', nix: 'apt' });
  const archives = join(folder, 'archives');
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(archives, 'partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'sources.list'), await sourcesList(aptGet, suite));
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State=${folder}`,
    `Dir::State::Lists=${join(folder, 'lists')}`,
    `Dir::State::status=${join(folder, 'status')}`,
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${archives}`,
    `Dir::Etc::SourceList=${join(folder, 'sources.list')}`,
    'Dir::Etc::SourceParts=/dev/null',
    'Acquire::Languages=none',
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
    // A mirror that drops one connection should not cost the whole run.
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option]);
  const get = async (cwd: string, ...args: readonly string[]): Promise<void> => {
    await execa(aptGet, [...options, '-q', '-y', ...args], { cwd, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  };
  await get(folder, 'update', '--error-on=any');
  return {
    get,
    async download(...packages) {
      await get(folder, 'install', '--download-only', ...packages);
      return (await readdir(archives)).filter((name) => name.endsWith('.deb')).map((name) => join(archives, name));
    },
  };
}

/** Debian's part of the machine's own sources, or DEBIAN_SOURCES_LIST on a machine that is no Debian. */
async function sourcesList(aptGet: string, suite: string | undefined): Promise<string> {
  const given = env['DEBIAN_SOURCES_LIST'];
  const list = given ? await readFile(given, 'utf8') : await machineSourcesList(aptGet);
  if (list === '') throw new Error('apt knows no Debian packages here; run apt-get update and try again');
  if (suite === undefined) return list;
  // The mirror that has a suite's packages, and not only its updates, has those of other suites, too.
  const [, options = '', mirror] = /^deb +(\[.*?\] +)?(\S+) +[a-z]+ /m.exec(list) ?? [];
  if (mirror === undefined) throw new Error(`apt knows no mirror of Debian that could have ${suite}`);
  return `deb ${options}${mirror} ${suite} main\n`;
}

async function machineSourcesList(aptGet: string): Promise<string> {
  // Lists what was fetched, and only that.
  const wanted = ['--format', '$(REPO_URI) $(RELEASE) main', 'Created-By: Packages', 'Origin: Debian'];
  const { stdout } = await execa(aptGet, ['indextargets', ...wanted]);
  const sources = new Set(stdout.split('\n').filter((line) => line !== ''));
  return [...sources]
    .flatMap((source) => ['deb', 'deb-src'].map((kind) => `${kind} [signed-by=${KEYRING}] ${source}\n`))
    .join('');
}
