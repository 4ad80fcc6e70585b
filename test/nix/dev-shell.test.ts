import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { LocalFlake, root } from './local-nix.ts';

/** What the development shell has in place of each Debian package; undefined where it does without. */
const COUNTERPARTS: Readonly<Record<string, string | undefined>> = {
  'ansible-core': 'ansible',
  aria2: 'aria2',
  binutils: 'stdenv.cc',
  'busybox-static': 'pkgsStatic.busybox',
  'ceph-common': undefined,
  'ceph-mon': undefined,
  'ceph-osd': undefined,
  chromium: 'chromium',
  cpio: 'cpio',
  curl: 'curl',
  dbus: 'dbus',
  'dnsmasq-base': 'dnsmasq',
  dosfstools: 'dosfstools',
  'dropbear-bin': 'dropbear',
  e2fsprogs: 'e2fsprogs',
  'fonts-dejavu-core': 'dejavu_fonts',
  gcc: 'stdenv.cc',
  'gcc-aarch64-linux-gnu': 'pkgsCross.aarch64-multiplatform',
  git: 'git',
  'grub-common': 'grub2_efi',
  iproute2: 'iproute2',
  ipxe: 'ipxe',
  'ipxe-qemu': 'qemu',
  jq: 'jq',
  kmod: 'kmod',
  lftp: 'lftp',
  'libarchive-tools': 'libarchive',
  'libc6-dev': 'glibc',
  'libc6-dev-arm64-cross': 'foreign.glibc',
  'libqrencode-dev': 'qrencode',
  'libxml2-utils': 'libxml2',
  make: 'stdenv.initialPath',
  minisign: 'minisign',
  mandoc: 'mandoc',
  mksh: 'mksh',
  mtools: 'mtools',
  'nginx-light': 'nginx',
  'nix-bin': 'nix',
  'openssh-client': 'openssh',
  ovmf: 'OVMF',
  // Not free in nixpkgs.
  packer: undefined,
  patch: 'stdenv.initialPath',
  'python3-pyflakes': 'packages.pyflakes',
  'qemu-efi-aarch64': 'qemu',
  'qemu-system-arm': 'qemu',
  'qemu-system-x86': 'qemu',
  'qemu-utils': 'qemu',
  radosgw: undefined,
  rclone: 'rclone',
  shellcheck: 'shellcheck',
  systemd: 'systemd',
  tmux: 'tmux',
  virtinst: 'virt-manager',
  wget: 'wget',
  whois: 'mkpasswd',
  xorriso: 'xorriso',
  yash: 'yash',
  'squashfs-tools': 'squashfsTools',
  zstd: 'zstd',
};

const read = (file: string) => readFile(join(root, file), 'utf8');

describe('the development shell', () => {
  let flake: LocalFlake;
  beforeAll(async () => {
    flake = await LocalFlake.ofProject('dev-shell');
  });

  it.each(['x86_64-linux', 'aarch64-linux'])('of %s names packages that there are', async (system) => {
    expect(await flake.errorOf(`devShells.${system}.default`, 'shell: shell.drvPath')).toBeUndefined();
  });

  it.each(['server', 'test'])('has a counterpart of each Debian package that script/%s needs', async (part) => {
    const lines = (await read(`script/debian-packages/${part}`)).split('\n');
    const packages = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
    expect(packages.length).toBeGreaterThan(10);
    for (const name of packages) expect(Object.keys(COUNTERPARTS)).toContain(name);
  });

  it('has every one of these counterparts', async () => {
    const shell = await read('nix/dev-shell.nix');
    for (const counterpart of Object.values(COUNTERPARTS))
      if (counterpart !== undefined) expect(shell).toContain(counterpart);
  });
});
