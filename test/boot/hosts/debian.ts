import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';
import { unpackDebianPackages } from './debian-packages.ts';
import { cachedHostImage, type HostImage } from './host-image.ts';
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
  'linux-image-cloud-amd64',
];

// What the packages' maintainer scripts would have written.
const USERS = `sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
systemd-network:x:998:998::/:/usr/sbin/nologin
messagebus:x:102:102::/nonexistent:/usr/sbin/nologin
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
  'etc/ld.so.conf': 'include /etc/ld.so.conf.d/*.conf\n',
};

const LINKS: Readonly<Record<string, string>> = {
  'etc/systemd/system/default.target': '/lib/systemd/system/multi-user.target',
  'etc/systemd/system/multi-user.target.wants/ssh.service': '/lib/systemd/system/ssh.service',
  'etc/systemd/system/multi-user.target.wants/systemd-networkd.service': '/lib/systemd/system/systemd-networkd.service',
  // Seconds of emulation that no test looks at.
  'etc/systemd/system/getty-static.service': '/dev/null',
  'etc/systemd/system/getty.target': '/dev/null',
  'etc/systemd/system/systemd-random-seed.service': '/dev/null',
};

/** A Debian with systemd, networkd, OpenSSH, curl and GNU tar, as its packages are today. */
export async function debianHost(): Promise<HostImage> {
  const recipe = ['debian.ts', 'debian-packages.ts', 'host-initrd.ts'].map((name) => new URL(name, import.meta.url));
  return await cachedHostImage('debian', recipe, async (folder) => {
    const root = join(folder, 'root');
    const work = join(folder, 'apt');
    await unpackDebianPackages({ architecture: 'amd64', packages: PACKAGES }, root, work);
    await configure(root);
    await writeFile(join(folder, 'initrd'), await hostInitrd(root));
    await copyFile(join(root, 'boot', `vmlinuz-${await kernelVersion(root)}`), join(folder, 'kernel'));
    const mke2fs = await findTool('mke2fs', { debian: 'e2fsprogs', nix: 'e2fsprogs' });
    await execa(mke2fs, ['-q', '-t', 'ext4', '-d', root, '-E', 'root_owner=0:0', join(folder, 'disk'), '1G']);
    await Promise.all([root, work].map((path) => rm(path, { recursive: true, force: true })));
  });
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
  for (const [path, target] of Object.entries(LINKS)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await symlink(target, join(root, path));
  }
}
