import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './local-nix.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'programs-'));
});
afterEach(() => rm(scratch, { recursive: true }));

// The installer's shell is bash, but nothing here may need it.
const SHELL = 'dash';

describe('kernel parameters', () => {
  const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvXrvlPXjcBsGwjLm0a4CeDFfkRSyW+QVGLxd5xvp+w alice@example.org';
  const encoded = Buffer.from(KEY).toString('base64url');

  async function apply(...parameters: string[]) {
    await mkdir(join(scratch, 'etc'), { recursive: true });
    await writeFile(join(scratch, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    await writeFile(join(scratch, 'etc/shadow'), 'root::1::::::\n');
    await writeFile(join(scratch, 'cmdline'), `init=/init ${parameters.join(' ')} console=ttyS0\n`);
    const script = join(root, 'nix/kernel-parameters/apply');
    const { stdout } = await execa(SHELL, [script, '--root', scratch, '--cmdline', join(scratch, 'cmdline')]);
    const read = (path: string) => readFile(join(scratch, path), 'utf8').catch(() => '');
    return {
      said: stdout.split('\n').filter((line) => line !== ''),
      keys: await read('root/.ssh/authorized_keys'),
      hostname: await read('etc/hostname'),
      shadow: await read('etc/shadow'),
    };
  }

  it('let a key in and show its fingerprint', async () => {
    const { keys, said } = await apply(`live.nixos.authorizedKey=${encoded}`);
    expect(keys).toBe(`${KEY}\n`);
    expect(said).toEqual([expect.stringMatching(/^authorized-key 256 SHA256:\S+ alice@example\.org \(ED25519\)$/)]);
    expect((await stat(join(scratch, 'root/.ssh/authorized_keys'))).mode & 0o777).toBe(0o600);
  });

  it('take base64 with padding and plus signs as well, and several keys', async () => {
    const { keys } = await apply(
      `live.nixos.authorizedKey=${Buffer.from(KEY).toString('base64')}`,
      `live.nixos.authorizedKey=${Buffer.from(KEY.replace('alice', 'bobby')).toString('base64')}`,
    );
    expect(keys.split('\n')).toHaveLength(3);
  });

  it.each([
    ['no base64', '%%%'],
    ['no key', Buffer.from('hello').toString('base64url')],
    ['two keys in one parameter, the second unseen', Buffer.from(`${KEY}\n${KEY}`).toString('base64url')],
    ['nothing', ''],
    ['a pattern that matches files', '*'],
  ])('leave out %s, say so, and go on', async (_, value) => {
    const { keys, said, hostname } = await apply(`live.nixos.authorizedKey=${value}`, 'live.nixos.hostname=next');
    expect(keys).toBe('');
    expect(said[0]).toContain('kernel parameter left out: live.nixos.authorizedKey');
    expect(hostname).toBe('next\n');
  });

  it.each(['-x', 'x-', 'a.b', 'a_b', 'ü', 'x'.repeat(64), '$(reboot)'])('leave out the host name %s', async (name) => {
    const { said, hostname } = await apply(`live.nixos.hostname=${name}`);
    expect(hostname).toBe('');
    expect(said[0]).toContain('kernel parameter left out: live.nixos.hostname');
  });

  it('may stand in several files, of which one is not there, and add a key once', async () => {
    const parameter = `live.nixos.authorizedKey=${encoded}`;
    await apply(parameter);
    await writeFile(join(scratch, 'more'), `${parameter} live.nixos.hostname=late`);
    const script = join(root, 'nix/kernel-parameters/apply');
    const files = ['cmdline', 'none', 'more'].flatMap((file) => ['--cmdline', join(scratch, file)]);
    await execa(SHELL, [script, '--root', scratch, ...files]);
    expect(await readFile(join(scratch, 'root/.ssh/authorized_keys'), 'utf8')).toBe(`${KEY}\n`);
    expect(await readFile(join(scratch, 'etc/hostname'), 'utf8')).toBe('late\n');
  });

  it('set the hash of a root password', async () => {
    const hash = '$6$salt$WoTOVvvUDHeJrSxQXrX7yXDzWYmtbvbRHQ9vzUGhHpeXFvnxhB4jCq4lPBqJ5QI5wHtJkZo0tEA3kBb0CLrqW1';
    const { shadow, said } = await apply(`live.nixos.passwordHash=${hash}`);
    expect(said).toEqual(["root's password comes from the kernel command line"]);
    expect(shadow).toContain(`root:${hash}:`);
    expect(existsSync(join(scratch, 'run/installer/password-given'))).toBe(true);
  });

  it.each(['secret', '$6$a:0:', '$6$x\\ny'])('leave out %s, which is no hash', async (value) => {
    const { shadow, said } = await apply(`live.nixos.passwordHash=${value}`);
    expect(said[0]).toContain('live.nixos.passwordHash is not a password hash');
    expect(shadow).toBe('root::1::::::\n');
  });
});

describe('add-initrd', () => {
  const add = (loader: string, menu: string) =>
    execa(SHELL, [join(root, 'nix/iso/add-initrd'), loader, '/boot/extra'], { input: menu, reject: false });

  it('adds to every entry of a GRUB menu and changes nothing else', async () => {
    const menu =
      "menuentry 'a' {\n  linux /k quiet\n  initrd /boot/nix/store/x-initrd/initrd  \n}\nsubmenu 'b' {\nmenuentry 'c' {\n\tlinux /k\n\tinitrd /i\n}}\nfwsetup";
    const { stdout } = await add('grub', menu);
    expect(stdout).toBe(
      menu.replace('initrd/initrd  ', 'initrd/initrd /boot/extra').replace('initrd /i\n', 'initrd /i /boot/extra\n'),
    );
  });

  it('adds to every entry of an isolinux menu, whatever the case of its words, and leaves memtest alone', async () => {
    const menu =
      'DEFAULT boot\nLABEL boot\n  linux /k\n  APPEND quiet\n  Initrd /i\nLABEL memtest\nLINUX /boot/memtest.bin\n';
    const { stdout } = await add('isolinux', menu);
    expect(`${stdout}\n`).toBe(menu.replace('Initrd /i', 'Initrd /i,/boot/extra'));
  });

  it.each([
    ['a menu that boots nothing', 'set timeout=5\n', 'no entry boots Linux'],
    ['an entry without an initrd', "menuentry 'a' {\nlinux /k\n}\n", '1 entries boot Linux, but 0 have an initrd'],
  ])('fails on %s', async (_, menu, sentence) => {
    const result = await add('grub', menu);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(sentence);
  });
});

describe('area-offset', () => {
  it('finds a file of zeros, and refuses one that is not empty or not there', async () => {
    const tree = join(scratch, 'tree');
    await mkdir(tree);
    await writeFile(join(tree, 'other'), 'before');
    await writeFile(join(tree, 'zeros'), Buffer.alloc(65536));
    await writeFile(join(tree, 'letters'), 'x'.repeat(65536));
    const iso = join(scratch, 'x.iso');
    await execa('xorriso', ['-as', 'mkisofs', '-quiet', '-r', '-o', iso, tree]);
    const offset = (path: string) =>
      execa(SHELL, [join(root, 'nix/iso/area-offset'), iso, path, '65536'], { reject: false });
    const found = Number((await offset('/zeros')).stdout);
    expect(found % 2048).toBe(0);
    expect((await readFile(iso)).subarray(found, found + 65536).every((byte) => byte === 0)).toBe(true);
    expect((await offset('/letters')).stderr).toContain('65536 of the 65536 bytes');
    expect((await offset('/other')).stderr).toContain('/other is not one piece of 65536 bytes');
    expect((await offset('/none')).exitCode).toBe(1);
  });
});

describe('the root password', () => {
  it('is another every time, easy to read out, and only root can read its file', async () => {
    const file = join(scratch, 'root-password');
    await mkdir(join(scratch, 'bin'));
    // The real chpasswd would change this machine's root password.
    await writeFile(join(scratch, 'bin/chpasswd'), `#!/bin/sh\ncat >>${scratch}/given\n`, { mode: 0o755 });
    const env = { PATH: `${join(scratch, 'bin')}:${process.env['PATH']}` };
    const passwords = new Set<string>();
    for (let time = 0; time < 20; time++) {
      await execa(SHELL, [join(root, 'nix/root-password/set'), file], { env });
      passwords.add((await readFile(file, 'utf8')).trim());
    }
    expect(passwords.size).toBe(20);
    for (const password of passwords) expect(password).toMatch(/^[bcdefghjknprstuvx]{4}(-[bcdefghjknprstuvx]{4}){2}$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(join(scratch, 'given'), 'utf8')).toBe([...passwords].map((p) => `root:${p}\n`).join(''));
  });
});

describe('the firmware of a kernel', () => {
  /** A kernel module that names firmware, with gcc's help: modinfo reads a section of it. */
  async function driver(path: string, ...firmware: readonly string[]) {
    const file = join(scratch, 'modules/6.18.3/kernel', path);
    await mkdir(dirname(file), { recursive: true });
    const names = firmware.map((name) => `firmware=${name}`).join('\\0');
    const source = `char firmware[] __attribute__((section(".modinfo"), used)) = "${names}";\n`;
    await execa('gcc', ['-x', 'c', '-c', '-o', file, '-'], { input: source });
  }
  async function select() {
    const names = ['rtl_nic/a.fw', 'e100/b.bin', 'iwlwifi.ucode', 'amdgpu/c.bin', 'mellanox/d.mfa2', 'unasked.fw'];
    for (const name of names) {
      const file = join(scratch, 'firmware', name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, name);
    }
    await symlink('a.fw', join(scratch, 'firmware/rtl_nic/link.fw'));
    const script = join(root, 'nix/wired-firmware/select');
    const folders = ['modules', 'firmware', 'selected'].map((folder) => join(scratch, folder));
    return execa(SHELL, [script, ...folders], {
      env: { PATH: `${process.env['PATH']}:/sbin:/usr/sbin` },
      reject: false,
    });
  }

  it('is copied where a driver of a card with a cable names it, and nothing else is', async () => {
    await driver('drivers/net/ethernet/realtek/r8169.ko', 'rtl_nic/a.fw', 'rtl_nic/link.fw', 'rtl_nic/secret.fw');
    await driver('drivers/net/phy/phy.ko', 'e100/b.bin');
    await driver('drivers/net/wireless/intel/iwlwifi.ko', 'iwlwifi.ucode');
    await driver('drivers/net/ethernet/mellanox/mlxsw/mlxsw.ko', 'mellanox/d.mfa2');
    await driver('drivers/gpu/drm/amd/amdgpu.ko', 'amdgpu/c.bin');
    const { exitCode, stdout } = await select();
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'no such firmware: rtl_nic/secret.fw' });
    const found = await execa('find', ['.', '-type', 'f'], { cwd: join(scratch, 'selected') });
    expect(found.stdout.split('\n').sort()).toEqual(['./e100/b.bin', './rtl_nic/a.fw', './rtl_nic/link.fw']);
  });

  it('that none of its drivers asks for fails the build: its modules lie somewhere else', async () => {
    await driver('drivers/gpu/drm/amd/amdgpu.ko', 'amdgpu/c.bin');
    const { exitCode, stderr } = await select();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/no driver in \S+\/modules names firmware that is in/);
  });
});
