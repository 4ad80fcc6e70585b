import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageFacts, ImageJson } from '@nixos-images/shared';
import { execa } from 'execa';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';

const here = import.meta.dirname;
// The same folders as script/server's, so that one cold build serves both.
const state = join(here, '../../.state');
const flake = join(state, 'smoke-flake');

function withNix(...command: [string, ...string[]]) {
  return execa(join(here, 'with-nix'), [join(state, 'nix'), ...command], { stderr: 'pipe' });
}

const Built = v.array(v.object({ drvPath: v.string(), outputs: v.object({ out: v.string() }) }));

async function build(...names: string[]): Promise<v.InferOutput<typeof Built>> {
  const references = names.map((name) => `path:${flake}#packages.x86_64-linux."${name}"`);
  const { stdout } = await withNix('nix', 'build', '--no-link', '--json', ...references);
  return v.parse(Built, JSON.parse(stdout));
}

const names = [
  ...['nixos-26.05', 'nixos-unstable'].flatMap((channel) =>
    ['kexec-noninteractive', 'kexec-systemd', 'iso-interactive', 'netboot-interactive', 'ipxe-menu'].map(
      (image) => `${image}-${channel}`,
    ),
  ),
  'kexec-lean-nixos-26.05',
  'netboot-lean-nixos-26.05',
];
const outputs = new Map<string, string>();

function output(name: string): string {
  const folder = outputs.get(name);
  if (folder === undefined) throw new Error(`${name} was not built`);
  return folder;
}

async function imageJson(name: string): Promise<ImageJson> {
  return v.parse(ImageJson, JSON.parse(await readFile(join(output(name), 'image.json'), 'utf8')));
}

async function bytesAt(file: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

beforeAll(async () => {
  await mkdir(state, { recursive: true });
  await execa(join(here, 'prepare'), [flake]);
  for (const name of names) {
    const [built] = await build(name);
    if (built !== undefined) outputs.set(name, built.outputs.out);
  }
});

describe('every smoke image', () => {
  it.each(names)('%s says in image.json what its flake attribute says', async (name) => {
    const { stdout } = await withNix('nix', 'eval', '--json', `path:${flake}#packages.x86_64-linux."${name}".image`);
    const facts = v.parse(ImageFacts, JSON.parse(stdout));
    expect(facts.smoke).toBe(true);
    expect(`${facts.kind}-${facts.variant}-${facts.channel}`).toBe(name);
    expect(await imageJson(name)).toMatchObject(facts);
  });

  it('is not built again when nothing changed in Debian', async () => {
    const before = await build(...names);
    await execa(join(here, 'prepare'), [flake]);
    expect(await build(...names)).toEqual(before);
  });
});

describe('the kexec tarball', () => {
  const name = 'kexec-noninteractive-nixos-26.05';

  it('holds the files of the contract, as root, in the folder kexec', async () => {
    const listing = await execa('tar', ['tvzf', join(output(name), 'kexec.tar.gz'), '--numeric-owner']);
    const files = listing.stdout.split('\n').map((line) => line.trim().split(/\s+/));
    expect(files.every(([, owner]) => owner === '0/0')).toBe(true);
    const modes = Object.fromEntries(files.map((words) => [words.at(-1), words[0]]));
    for (const program of ['run', 'kexec', 'ip', 'busybox']) {
      expect(modes[`kexec/${program}`], program).toBe('-rwxr-xr-x');
    }
    for (const file of ['bzImage', 'initrd', 'image.conf', 'save.sh', 'sshd.sh', 'refuse.sh']) {
      expect(modes[`kexec/${file}`], file).toBe('-rw-r--r--');
    }
  });

  it('has static programs, so that any libc will do', async () => {
    const unpacked = await mkdtemp(join(tmpdir(), 'smoke-kexec-'));
    try {
      await execa('tar', ['xzf', join(output(name), 'kexec.tar.gz'), '-C', unpacked]);
      for (const program of ['kexec', 'ip', 'busybox']) {
        const { stdout: headers } = await execa('readelf', ['--program-headers', join(unpacked, 'kexec', program)]);
        expect(headers, program).toContain('LOAD');
        expect(headers, program).not.toContain('INTERP');
      }
    } finally {
      await rm(unpacked, { recursive: true });
    }
  });

  it('says first what it holds, and is one gzip member with room for a customisation', async () => {
    const image = await imageJson(name);
    if (image.kind !== 'kexec' || image.customisation === undefined) throw new Error('no kexec image with an area');
    const { offset, length } = image.customisation;
    const tarball = join(output(name), image.files.tarball);
    expect((await bytesAt(tarball, offset, length)).equals(Buffer.alloc(length))).toBe(true);
    // Python's stream mode reads one member and no more.
    const list = "import sys, tarfile; print(*tarfile.open(sys.argv[1], 'r|gz').getnames(), sep='\\n')";
    const names = (await execa('python3', ['-c', list, tarball])).stdout.split('\n');
    expect(names.slice(0, 3)).toEqual(['kexec', 'kexec/image.conf', 'kexec/customisation.img']);
    expect(names.slice(-2).toSorted()).toEqual(['kexec/bzImage', 'kexec/initrd']);
    const { stdout: conf } = await execa('tar', ['xzOf', tarball, 'kexec/image.conf']);
    const listed = conf.split('\n').flatMap((line) => /^file=\S+ \S+ (\S+)$/.exec(line)?.[1] ?? []);
    expect(listed.map((file) => `kexec/${file}`)).toEqual(names.slice(3));
  });

  it('carries the run script of nix/kexec as it is', async () => {
    const { stdout } = await execa('tar', ['xzOf', join(output(name), 'kexec.tar.gz'), 'kexec/run'], {
      stripFinalNewline: false,
    });
    expect(stdout).toBe(await readFile(join(here, '../../nix/kexec/run'), 'utf8'));
  });
});

describe('the netboot image', () => {
  it('has an initrd to which another archive can be joined without a gap', async () => {
    const folder = output('netboot-interactive-nixos-26.05');
    expect((await readFile(join(folder, 'initrd'))).length % 512).toBe(0);
  });
});

describe('the lean images', () => {
  const lean = ['kexec-lean-nixos-26.05', 'netboot-lean-nixos-26.05'] as const;
  const sha256 = async (file: string) =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');

  it('have one store between them, which both initrds know to the byte', async () => {
    const [store, other] = await Promise.all(lean.map((name) => sha256(join(output(name), 'store'))));
    expect(store).toBe(other);
    const unpacked = await execa('tar', ['xzOf', join(output(lean[0]), 'kexec.tar.gz'), 'kexec/initrd'], {
      encoding: 'buffer',
      stripFinalNewline: false,
    });
    for (const packed of [unpacked.stdout, await readFile(join(output(lean[1]), 'initrd'))]) {
      const initrd = Buffer.from(packed);
      // What tells one image from another is the last archive in the initrd.
      const last = initrd.lastIndexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
      const { stdout } = await execa('sh', ['-c', 'zstd -dc 2>/dev/null | cpio --quiet -i --to-stdout smoke/store'], {
        input: initrd.subarray(last),
      });
      expect(stdout).toContain(`sha256=${store}`);
    }
  });
});

describe('the ISO', () => {
  const name = 'iso-interactive-nixos-26.05';

  it('has a zero-filled customisation area where image.json says', async () => {
    const image = await imageJson(name);
    if (image.kind !== 'iso') throw new Error('not an ISO');
    const { offset, length } = image.customisation;
    const iso = join(output(name), image.files.iso);
    expect(offset % 2048).toBe(0);
    expect((await bytesAt(iso, offset, length)).every((byte) => byte === 0)).toBe(true);
    // What stands there is what both boot loaders load: the file in the ISO.
    const { stdout: file } = await execa(
      'xorriso',
      ['-indev', iso, '-find', '/boot/customisation.img', '-exec', 'report_lba', '--'],
      { stderr: 'ignore' },
    );
    expect(file).toContain(` ${offset / 2048} ,`);
    expect(file).toContain(` ${length} , '/boot/customisation.img'`);
  });

  it('boots by BIOS and UEFI, from CD and USB', async () => {
    const image = await imageJson(name);
    if (image.kind !== 'iso') throw new Error('not an ISO');
    const { stdout } = await execa(
      'xorriso',
      ['-indev', join(output(name), image.files.iso), '-report_el_torito', 'plain', '-report_system_area', 'plain'],
      { stderr: 'ignore' },
    );
    expect(stdout).toMatch(/El Torito boot img : +1 +BIOS +y/);
    expect(stdout).toMatch(/El Torito boot img : +2 +UEFI +y/);
    expect(stdout).toContain('isohybrid');
    expect(stdout).toContain('GPT');
  });
});

describe('iPXE', () => {
  const name = 'ipxe-menu-nixos-26.05';

  it('has room for an address where image.json says: where a CD has its script, and where a stick has it', async () => {
    const image = await imageJson(name);
    if (image.kind !== 'ipxe') throw new Error('not iPXE');
    const { length, offsets } = image.address;
    const iso = join(output(name), image.files.iso ?? '');
    expect(offsets.iso).toHaveLength(2);
    const front = 'set nixos_menu ';
    for (const offset of offsets.iso ?? []) {
      const line = await bytesAt(iso, offset - front.length, front.length + length + 1);
      expect(line.toString('latin1')).toBe(`${front}${' '.repeat(length)}\n`);
    }
  });

  it('boots by BIOS and UEFI, from CD and USB, and has a program for UEFI on either architecture', async () => {
    const iso = join(output(name), 'ipxe.iso');
    const report = ['-report_el_torito', 'plain', '-report_system_area', 'plain', '-find', '/', '-type', 'f'];
    const { stdout } = await execa('xorriso', ['-indev', iso, ...report], { stderr: 'ignore' });
    expect(stdout).toMatch(/El Torito boot img : +1 +BIOS +y/);
    expect(stdout).toMatch(/El Torito boot img : +2 +UEFI +y/);
    expect(stdout).toContain('GPT');
    const names = (await readFile(iso, 'latin1')).match(/BOOT(X64 |AA64)EFI/g);
    expect(names).toEqual(['BOOTAA64EFI', 'BOOTX64 EFI']);
  });
});

describe('prepare', () => {
  it('refuses an architecture that it does not know', async () => {
    const result = await execa(join(here, 'prepare'), ['--arch', 'm68k', flake], { reject: false });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("--arch takes x86_64 or aarch64, not 'm68k'");
  });
});

/** Whether this machine lets us mount things where nobody else sees them (root, outside of most containers). */
const canMount = (await execa('unshare', ['--mount', 'true'], { reject: false })).exitCode === 0;

describe.skipIf(!canMount)('prepare on a machine that is no Debian', () => {
  const SIGNED_BY = /signed-by=([^\]\s]+)/;
  const HIDE = `mount --make-rprivate /
for folder in /etc/apt /var/lib/apt /var/lib/dpkg /usr/share/keyrings; do
  [ ! -d "$folder" ] || mount -t tmpfs none "$folder"
done
exec "$@"`;
  const BUILD_ENVIRONMENT = { PATH: '/elsewhere/bin:/usr/bin', LIBRARY_PATH: '/elsewhere/lib' };

  const knownList = () => readFile(join(`${flake}.cache`, 'apt/amd64/sources.list'), 'utf8');

  /** Prepares into `folder` where nothing of Debian but its programs can be seen; its keys are in the file `keyring`. */
  async function prepareInto(folder: string, keyring: string) {
    const list = join(folder, 'debian.list');
    await writeFile(list, (await knownList()).replaceAll(new RegExp(SIGNED_BY, 'g'), `signed-by=${keyring}`));
    const command = [join(here, 'prepare'), '--cache', join(folder, 'cache'), join(folder, 'flake')];
    return execa('unshare', ['--mount', 'sh', '-euc', HIDE, 'hide', ...command], {
      env: { DEBIAN_SOURCES_LIST: list, SMOKE_BUILD_ENVIRONMENT: JSON.stringify(BUILD_ENVIRONMENT) },
      reject: false,
    });
  }

  const scratch = () => mkdtemp(join(state, 'no-debian-'));

  it('takes the packages and the tools from where it is told', async () => {
    const folder = await scratch();
    try {
      // Downloading them again would tell no more.
      await mkdir(join(folder, 'cache'));
      await execa('cp', [
        '-al',
        join(`${flake}.cache`, 'debs'),
        join(`${flake}.cache`, 'sources'),
        join(folder, 'cache'),
      ]);
      const keyring = join(folder, 'keyring.gpg');
      await copyFile(SIGNED_BY.exec(await knownList())?.[1] ?? '', keyring);
      expect(await prepareInto(folder, keyring)).toMatchObject({ exitCode: 0 });

      const image = `path:${join(folder, 'flake')}#packages.x86_64-linux."netboot-interactive-nixos-26.05"`;
      const { stdout } = await withNix(
        'nix',
        'eval',
        '--json',
        image,
        '--apply',
        '{ PATH, LIBRARY_PATH, ... }: { inherit PATH LIBRARY_PATH; }',
      );
      expect(JSON.parse(stdout)).toEqual(BUILD_ENVIRONMENT);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('takes nothing that no key of the keyring has signed', async () => {
    const folder = await scratch();
    try {
      const keyring = join(folder, 'keyring.gpg');
      await writeFile(keyring, '');
      const result = await prepareInto(folder, keyring);
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain("Debian's mirror gave no signed lists");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('with-nix', () => {
  it('says that Nix is missing where it is', async () => {
    const result = await execa('/bin/sh', [join(here, 'with-nix'), join(state, 'nix'), 'true'], {
      env: { PATH: '/nonexistent' },
      extendEnv: false,
      reject: false,
    });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('nix is not installed');
  });
});
