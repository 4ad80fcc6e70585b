import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type NewcEntry, newcArchive } from '@nixos-images/shared';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';

/** Loaded on every host: the disk and the network card. */
const ALWAYS = ['virtio_pci', 'virtio_blk', 'virtio_net'];
/** Loaded by name with `host.modules=` on the kernel's command line. */
const ON_REQUEST = ['bonding', '8021q'];

// Debian's cloud kernel has ext4 built in but virtio as modules, so a disk needs an initrd. What a test adds as a second
// initrd below /overlay goes onto the root file system: one disk serves every test. The kernel's command line chooses:
//   host.root=memory     a root file system of busybox alone, instead of the disk
//   host.init=PATH       the first program, instead of /sbin/init
//   host.modules=A,B     more modules
const INIT = `#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install /bin
mkdir -p /proc /root
mount -t proc proc /proc
mount -t devtmpfs dev /dev
read -r parameters </proc/cmdline
load() {
  for module in $(cat "/modules/$1"); do insmod "/modules/$module" 2>/dev/null; done
}
root=disk
init=/sbin/init
load always
for parameter in $parameters; do
  case $parameter in
    host.root=*) root=\${parameter#*=} ;;
    host.init=*) init=\${parameter#*=} ;;
    host.modules=*) for name in $(echo "\${parameter#*=}" | tr , ' '); do load "$name"; done ;;
  esac
done
if [ $root = disk ]; then
  tries=0
  until [ -b /dev/vda ] || [ $tries = 100 ]; do usleep 50000; tries=$((tries + 1)); done
  mount -t ext4 /dev/vda /root || { echo 'host: no root disk'; poweroff -f; }
else
  mount -t tmpfs -o mode=755 root /root
  for folder in bin dev etc proc root run sbin sys tmp; do mkdir /root/$folder; done
  cp /bin/busybox /root/bin/busybox
fi
if [ -d /overlay ]; then cp -a /overlay/. /root/; fi
umount /proc
exec switch_root /root $init
`;

/** The initrd with which a host's kernel finds its root disk; `root` holds Debian's kernel package, unpacked. */
export async function hostInitrd(root: string): Promise<Uint8Array> {
  const modprobe = await findTool('modprobe', { debian: 'kmod', nix: 'kmod' });
  const depmod = await findTool('depmod', { debian: 'kmod', nix: 'kmod' });
  const busybox = await findTool('busybox', { debian: 'busybox-static', nix: 'pkgsStatic.busybox' });
  const version = await kernelVersion(root);
  await execa(depmod, ['-b', root, version]);
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  const entries = new Map<string, NewcEntry>();
  const folder = (path: string): unknown => entries.set(path, { path, folder: true, mode: 0o755 });
  const file = (path: string, content: Uint8Array, mode: number): unknown => entries.set(path, { path, content, mode });
  for (const path of ['bin', 'dev', 'modules']) folder(path);
  file('bin/busybox', await readFile(busybox), 0o755);
  file('init', text(INIT), 0o755);
  const needs = async (modules: readonly string[]): Promise<string> => {
    // Prints one `insmod PATH` a line, in the order in which they have to be loaded.
    const { stdout } = await execa(modprobe, ['-d', root, '-S', version, '--show-depends', '--all', ...modules]);
    const paths = stdout.split('\n').flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []);
    for (const path of paths) file(`modules/${basename(path)}`, await readFile(path), 0o644);
    return [...new Set(paths)].map((path) => `${basename(path)}\n`).join('');
  };
  file('modules/always', text(await needs(ALWAYS)), 0o644);
  for (const name of ON_REQUEST) file(`modules/${name}`, text(await needs([name])), 0o644);
  return newcArchive([...entries.values()]);
}

/** The version of the one kernel that is unpacked in `root`. */
export async function kernelVersion(root: string): Promise<string> {
  const [version] = await readdir(join(root, 'usr', 'lib', 'modules'));
  if (version === undefined) throw new Error(`no kernel is unpacked in ${root}`);
  return version;
}
