import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';
import { cachedFolder } from '../cached-folder.ts';
import { scratchApt } from '../scratch-apt.ts';
import { unpackDebianPackages } from './debian-packages.ts';
import { hostInitrd, kernelVersion } from './host-initrd.ts';

const PACKAGES = [
  ...[
    'base-files',
    'base-passwd',
    'bash',
    'coreutils',
    'dash',
    'findutils',
    'gawk',
    'grep',
    'gzip',
    'hostname',
    'login',
  ],
  ...['mount', 'passwd', 'procps', 'sed', 'tar', 'util-linux'],
  ...['systemd', 'systemd-sysv', 'udev', 'kmod', 'iproute2', 'curl', 'openssh-server', 'sudo', 'doas'],
  // logind, for the sessions of the jump's test.
  ...['dbus', 'libpam-systemd'],
  // What else sets networks up, where a host asks for it. Debian has no wicked.
  ...['network-manager', 'netplan.io'],
  'linux-image-cloud-amd64',
];

// What the packages' maintainer scripts would have written.
const USERS = `sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
systemd-network:x:998:998::/:/usr/sbin/nologin
messagebus:x:102:102::/nonexistent:/usr/sbin/nologin
admin:x:1000:1000::/home/admin:/bin/dash
`;
const GROUPS = [
  'systemd-network:998',
  'systemd-journal:999',
  'messagebus:102',
  'kvm:103',
  'render:104',
  'sgx:105',
  'input:106',
];

const FILES: Readonly<Record<string, string>> = {
  'etc/fstab': '/dev/vda / ext4 defaults 0 1\n',
  'etc/ssh/sshd_config': 'UsePAM no\nPermitRootLogin prohibit-password\n',
  // An administrator who may become root without a password, by sudo and by doas.
  'etc/sudoers.d/admin': 'admin ALL=(ALL) NOPASSWD: ALL\n',
  'etc/doas.conf': 'permit nopass admin\n',
  ...Object.fromEntries(
    ['auth', 'account', 'session', 'session-noninteractive', 'password'].map((part) => [
      `etc/pam.d/common-${part}`,
      `${part.split('-')[0]} required pam_permit.so\n`,
    ]),
  ),
  'home/admin/.profile': '',
  'etc/ld.so.conf': 'include /etc/ld.so.conf.d/*.conf\n',
};

const LINKS: Readonly<Record<string, string>> = {
  // Where D-Bus is looked for; packages leave a folder there.
  'var/run': '/run',
  'etc/systemd/system/default.target': '/lib/systemd/system/multi-user.target',
  'etc/systemd/system/multi-user.target.wants/ssh.service': '/lib/systemd/system/ssh.service',
  'etc/systemd/system/multi-user.target.wants/systemd-networkd.service': '/lib/systemd/system/systemd-networkd.service',
  // Seconds of emulation that no test looks at.
  'etc/systemd/system/getty-static.service': '/dev/null',
  'etc/systemd/system/getty.target': '/dev/null',
  'etc/systemd/system/systemd-random-seed.service': '/dev/null',
};

/** What hosts are made of: each is a file, the last a folder. */
export interface DebianParts {
  readonly kernel: string;
  readonly initrd: string;
  /** A Debian with systemd, networkd, OpenSSH, curl and GNU tar, as its packages are today. */
  readonly disk: string;
  /** An sshd with a loader and libraries of its own, for hosts that have none: `sshd`, `ld.so`, `lib/`. */
  readonly sshd: string;
}

/** Debian's packages as the parts of hosts; made once. */
export async function debianParts(): Promise<DebianParts> {
  const recipe = ['debian.ts', 'debian-packages.ts', 'host-initrd.ts', '../scratch-apt.ts'].map(
    (name) => new URL(name, import.meta.url),
  );
  const made = await cachedFolder('debian-host', recipe, async (folder) => {
    const root = join(folder, 'root');
    const work = join(folder, 'apt');
    const apt = await scratchApt({ architecture: 'amd64' }, work);
    await unpackDebianPackages(await apt.download(...PACKAGES), root);
    await configure(root);
    await writeFile(join(folder, 'initrd'), await hostInitrd(root));
    await copyFile(join(root, 'boot', `vmlinuz-${await kernelVersion(root)}`), join(folder, 'kernel'));
    await copySshd(root, join(folder, 'sshd'));
    const mke2fs = await findTool('mke2fs', { debian: 'e2fsprogs', nix: 'e2fsprogs' });
    await execa(mke2fs, ['-q', '-t', 'ext4', '-d', root, '-E', 'root_owner=0:0', join(folder, 'disk'), '1G']);
    await Promise.all([root, work].map((path) => rm(path, { recursive: true, force: true })));
  });
  const part = (name: string): string => join(made, name);
  return { kernel: part('kernel'), initrd: part('initrd'), disk: part('disk'), sshd: part('sshd') };
}

async function copySshd(root: string, target: string): Promise<void> {
  const libraries = join(root, 'usr', 'lib', 'x86_64-linux-gnu');
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  const program = join(root, 'usr', 'sbin', 'sshd');
  await mkdir(join(target, 'lib'), { recursive: true });
  await copyFile(program, join(target, 'sshd'));
  await copyFile(loader, join(target, 'ld.so'));
  // Prints `libcrypto.so.3 => /path (0x…)`.
  const { stdout } = await execa(loader, ['--library-path', libraries, '--list', program]);
  for (const [, name, path] of stdout.matchAll(/^\s*([^/\s]+) => (\S+)/gm)) {
    if (name !== undefined && path !== undefined) await copyFile(path, join(target, 'lib', name));
  }
}

async function configure(root: string): Promise<void> {
  const master = async (name: string): Promise<string> =>
    await readFile(join(root, 'usr/share/base-passwd', `${name}.master`), 'utf8');
  const passwd = (await master('passwd')).replaceAll(/^([^:]*):[^:]*:/gm, '$1:x:') + USERS;
  const names = passwd.split('\n').flatMap((line) => line.split(':')[0] || []);
  const files: Record<string, string> = {
    ...FILES,
    'etc/passwd': passwd,
    'etc/group': (await master('group')) + GROUPS.map((group) => `${group.replace(':', ':x:')}:\n`).join(''),
    'etc/shadow': names.map((name) => `${name}:*:19000:0:99999:7:::\n`).join(''),
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  await chmod(join(root, 'etc/shadow'), 0o640);
  await chmod(join(root, 'etc/sudoers.d/admin'), 0o440);
  await chmod(join(root, 'etc/doas.conf'), 0o600);
  for (const [path, target] of Object.entries(LINKS)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await rm(join(root, path), { recursive: true, force: true });
    await symlink(target, join(root, path));
  }
}
