import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageJson } from '@nixos-images/shared';
import { execa } from 'execa';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { LocalFlake } from './local-nix.ts';

// The folders are built for real, of a kernel and a system that are not: their scripts, archives and image.json are.
let flake: LocalFlake;
beforeAll(async () => {
  flake = await LocalFlake.ofProject('build');
});

async function build(kind: string) {
  const folder = await flake.build(`packages.x86_64-linux."${kind}-nixos-26.05"`);
  return { folder, image: v.parse(ImageJson, JSON.parse(await readFile(join(folder, 'image.json'), 'utf8'))) };
}

describe('the folder of a kexec image', () => {
  it('has a tarball with all that run needs, and the same bytes every time', async () => {
    const { folder, image } = await build('kexec-noninteractive');
    if (image.kind !== 'kexec') throw new Error('not a kexec image');
    const tarball = join(folder, image.files.tarball);
    const { stdout } = await execa('tar', ['-tzvf', tarball]);
    const entries = stdout
      .split('\n')
      .map((line) => line.split(/\s+/))
      .map(([mode, owner, , , , path]) => ({ mode, owner, path }));
    expect(entries[0]).toEqual({ mode: 'drwxr-xr-x', owner: '0/0', path: 'kexec/' });
    expect(entries[1]).toMatchObject({ path: 'kexec/image.conf' });
    const { offset, length } = image.customisation ?? { offset: 0, length: 0 };
    const area = (await readFile(tarball)).subarray(offset, offset + length);
    expect(area.equals(Buffer.alloc(61440))).toBe(true);
    for (const program of ['run', 'kexec', 'ip', 'busybox']) {
      expect(entries).toContainEqual({ mode: '-rwxr-xr-x', owner: '0/0', path: `kexec/${program}` });
    }
    for (const file of ['bzImage', 'initrd', 'image.conf']) {
      expect(entries).toContainEqual({ mode: '-rw-r--r--', owner: '0/0', path: `kexec/${file}` });
    }
  });

  it('tells run the architecture, the command line, the memory that the initrd takes, and what is in the tarball', async () => {
    const { folder } = await build('kexec-noninteractive');
    const { stdout } = await execa('tar', ['-xzOf', join(folder, 'kexec.tar.gz'), 'kexec/image.conf']);
    expect(stdout).toMatch(
      /^arch=x86_64\ncmdline=init=\/\S+-nixos-system\/init .*console=ttyS0,115200.*\nunpacked=\d+\nlean=\d+\n(file=[0-9a-f]{64} \d+ \S+\n)+files=\d+$/,
    );
  });
});

describe('the folder of a lean image', () => {
  it.each(['kexec', 'netboot'] as const)(
    'of kind %s has its system as a file of its own, and an initrd that knows which',
    async (kind) => {
      const { folder, image } = await build(`${kind}-lean`);
      if ((image.kind !== 'kexec' && image.kind !== 'netboot') || image.files.store === undefined)
        throw new Error('no store');
      const store = await readFile(join(folder, image.files.store));
      const sha256 = createHash('sha256').update(store).digest('hex');
      const options = { encoding: 'buffer', stripFinalNewline: false } as const;
      const initrd =
        image.kind === 'netboot'
          ? await readFile(join(folder, image.files.initrd))
          : Buffer.from(
              (await execa('tar', ['-xzOf', join(folder, image.files.tarball), 'kexec/initrd'], options)).stdout,
            );
      expect(initrd.includes(store)).toBe(false);
      const { stdout } = await execa('sh', ['-c', 'gzip -dc 2>/dev/null | cpio --quiet -i --to-stdout lean-store'], {
        input: initrd.subarray(initrd.lastIndexOf(Buffer.from([0x1f, 0x8b, 8]))),
      });
      expect(stdout).toBe(`name=nix-store.squashfs\nsize=${store.length}\nsha256=${sha256}`);
    },
  );

  it('tells run how much memory its store takes', async () => {
    const { folder, image } = await build('kexec-lean');
    const { stdout } = await execa('tar', ['-xzOf', join(folder, 'kexec.tar.gz'), 'kexec/image.conf']);
    const { size } = await stat(join(folder, image.kind === 'kexec' ? (image.files.store ?? '') : ''));
    expect(stdout).toMatch(new RegExp(`\nunpacked=\\d+\nstore=${size}\n(file=|$)`));
  });
});

describe('the folder of a netboot image', () => {
  it('has a kernel, an initrd that another can follow, and the stub that makes one EFI file of both', async () => {
    const { folder, image } = await build('netboot-interactive');
    if (image.kind !== 'netboot') throw new Error('not a netboot image');
    const initrd = await readFile(join(folder, image.files.initrd));
    expect(initrd.length % 512).toBe(0);
    expect(await readFile(join(folder, image.files.kernel), 'utf8')).toBe('kernel 6.18.3\n');
    expect(image.kernelVersion).toBe('6.18.3');
    expect(image.unpacked).toBeGreaterThan(0);
    expect(await readFile(join(folder, image.files.stub ?? ''), 'utf8')).toBe("systemd's stub\n");
  });
});

describe('the folder of an ISO', () => {
  it('has an empty customisation area where image.json says, and both boot loaders load it', async () => {
    const { folder, image } = await build('iso-interactive');
    if (image.kind !== 'iso' || image.customisation === undefined) throw new Error('not an ISO with an area');
    const iso = join(folder, image.files.iso);
    const { offset, length } = image.customisation;
    const bytes = await readFile(iso);
    expect(bytes.subarray(offset, offset + length).equals(Buffer.alloc(65536))).toBe(true);

    const scratch = await mkdtemp(join(tmpdir(), 'iso-'));
    try {
      // Written over in place, the file in the ISO is what was written.
      bytes.write('070701', offset);
      const customised = join(scratch, 'customised.iso');
      await writeFile(customised, bytes);
      const file = async (path: string) => {
        const target = join(scratch, 'extracted');
        await rm(target, { force: true });
        await execa('xorriso', ['-osirrox', 'on', '-indev', customised, '-extract', path, target]);
        return readFile(target, 'latin1');
      };
      expect((await file('/boot/customisation.img')).replaceAll('\0', '')).toBe('070701');
      expect(await file('/isolinux/isolinux.cfg')).toMatch(
        /INITRD \/boot\/\S+-initrd\/initrd,\/boot\/customisation\.img\n/,
      );
      expect(await file('/EFI/BOOT/grub.cfg')).toMatch(
        /initrd \/boot\/\S+-initrd\/initrd \/boot\/customisation\.img\n/,
      );
      await writeFile(join(scratch, 'efi.img'), await file('/boot/efi.img'), 'latin1');
      const menu = await execa('mtype', ['-i', join(scratch, 'efi.img'), '::/EFI/BOOT/grub.cfg']);
      expect(menu.stdout).toMatch(/initrd \/boot\/\S+-initrd\/initrd \/boot\/customisation\.img\n/);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });
});

describe('the folder of iPXE', () => {
  it('has the script with room for an address in everything that image.json says, and in its EFI program', async () => {
    const { folder, image } = await build('ipxe-menu');
    if (image.kind !== 'ipxe') throw new Error('not iPXE');
    expect(image.files).toEqual({
      efi: 'ipxe.efi',
      iso: 'ipxe.iso',
      img: 'ipxe.iso',
      kpxe: 'ipxe.kpxe',
      lkrn: 'ipxe.lkrn',
    });
    const { length, offsets } = image.address;
    expect([offsets.efi?.length, offsets.iso?.length]).toEqual([1, 2]);
    expect(offsets.img).toEqual(offsets.iso);
    for (const role of ['efi', 'iso'] as const) {
      const bytes = await readFile(join(folder, image.files[role] ?? ''), 'latin1');
      for (const offset of offsets[role] ?? []) {
        const front = 'set nixos_menu ';
        expect(bytes.slice(offset - front.length, offset + length + 1)).toBe(`${front}${' '.repeat(length)}\n`);
      }
    }
    const { stdout } = await execa('xorriso', ['-indev', join(folder, 'ipxe.iso'), '-find', '/', '-type', 'f'], {
      stderr: 'ignore',
    });
    expect(stdout).toContain("'/boot/ipxe.lkrn'");
    const efi = join(folder, 'ipxe.iso');
    expect((await readFile(efi, 'latin1')).match(/BOOT(X64 |AA64)EFI/g)).toEqual(['BOOTAA64EFI', 'BOOTX64 EFI']);
  });
});

describe('the firmware of the small images', () => {
  it("is what the kernel's drivers of network cards ask for, with the links followed", async () => {
    const built = await flake.build(
      'packages.x86_64-linux."kexec-noninteractive-nixos-26.05".config.system.build.wiredFirmware',
    );
    const { stdout } = await execa('find', ['-L', '.', '-type', 'f'], { cwd: join(built, 'lib/firmware') });
    const files = stdout.split('\n');
    expect(files.sort()).toEqual(['./intel/ice/ice.pkg', './rtl_nic/1.fw']);
  });
});

describe('the manuals of an image', () => {
  const MAN = 'packages.x86_64-linux."kexec-noninteractive-nixos-26.05".config.system.build.manuals';

  it.each(['nixos-install', 'nixos-enter', 'nixos-generate-config'])(
    'are what %s shows for --help',
    async (program) => {
      const man = await flake.build(MAN);
      const { stdout } = await execa(join(man, 'bin/man'), [program]);
      expect(stdout).toMatch(new RegExp(`^NAME\n +${program} [^\n]* helps to install$`, 'm'));
      expect(stdout).not.toContain('\b');
      expect((await execa(join(man, 'bin/man'), ['8', program])).stdout).toBe(stdout);
    },
  );

  it.each([['nix-store'], ['../../bin/man'], []])('are no more: %s is answered with their names', async (...words) => {
    const man = await flake.build(MAN);
    const { exitCode, stderr } = await execa(join(man, 'bin/man'), words, { reject: false });
    expect(exitCode).toBe(16);
    expect(stderr).toBe(
      'man: there are no manuals in this image but of: nixos-enter nixos-generate-config nixos-install',
    );
  });
});

describe('the closure of an image', () => {
  // nixpkgs drops what an ISO names by itself.
  it.each(['kexec-noninteractive', 'kexec-low-memory', 'netboot-interactive'])(
    '%s is all that is copied with it: no system, unpacked, beside the packed one',
    async (image) => {
      const { folder } = await build(image);
      expect(await flake.closureOf(folder)).toEqual([folder]);
    },
  );
});

describe('the names that others build on', () => {
  it.each([
    ['kexec-installer-nixos-unstable-noninteractive', 'nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz'],
    ['kexec-installer-nixos-stable-noninteractive', 'nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz'],
    ['kexec-installer-nixos-stable', 'nixos-kexec-installer-x86_64-linux.tar.gz'],
    ['image-installer-nixos-stable', 'iso/nixos-installer-x86_64-linux.iso'],
    ['netboot-installer-nixos-stable', 'bzImage'],
  ])('%s has %s in it', async (name, file) => {
    const folder = await flake.build(`packages.x86_64-linux.${name}`);
    expect((await stat(join(folder, file))).size).toBeGreaterThan(0);
  });
});

describe('a file above its limit', () => {
  it('is built, and beside it stands by how much it is too large, and what to do', async () => {
    const user = await LocalFlake.ofUser('limits');
    const folder = await user.build('large');
    const said = await readFile(join(folder, 'over-limit'), 'utf8');
    expect(said).toMatch(/^iso-interactive: the iso takes 1 MiB, more than its limit of 1 MiB .*nix path-info.*\n$/);
    expect((await stat(join(folder, 'installer.iso'))).size).toBeGreaterThan(1024 * 1024);
  });

  it('is the only one that says so', async () => {
    const { folder } = await build('iso-interactive');
    await expect(stat(join(folder, 'over-limit'))).rejects.toThrow('ENOENT');
  });
});
