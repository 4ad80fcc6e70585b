import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newcArchive } from '@nixos-images/shared';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cachedFolder } from '../boot/cached-folder.ts';
import { scratchApt } from '../boot/scratch-apt.ts';
import { prepareSmokeImages, smokeImage } from './network-machine.ts';

// Firmware that trusts Microsoft's keys, which signed Debian's shim, which trusts Debian's, which signed GRUB and the kernel.
const OVMF = { code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd' };

const GRUB_CONFIG = `search --no-floppy --file --set=root /kernel
linux /kernel console=ttyS0 panic=-1 loglevel=4 no_timer_check rdinit=/host-init
initrd /initrd
boot
`;

const HOST_INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t securityfs securityfs /sys/kernel/security
modprobe efivarfs
mount -t efivarfs efivarfs /sys/firmware/efi/efivars
mkdir -p /disk /root/.ssh
modprobe virtio_pci
modprobe virtio_blk
until [ -b /dev/vdb ]; do sleep 0.1; done
mount -t ext4 /dev/vdb /disk
cp /disk/authorized_keys /root/.ssh/
TMPDIR=/disk /disk/kexec/run
echo "host: run exited $?, kexec_loaded $(cat /sys/kernel/kexec_loaded)"
poweroff -f
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secure-boot-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Debian's signed shim and GRUB. */
function signedLoaders(): Promise<string> {
  return cachedFolder('signed-loaders', [new URL(import.meta.url)], async (made) => {
    const apt = await scratchApt({ architecture: 'amd64' }, join(made, 'apt'));
    await apt.get(made, 'download', 'shim-signed', 'grub-efi-amd64-signed');
    await execa('sh', ['-c', 'for deb in *.deb; do dpkg-deb -x "$deb" . && rm "$deb"; done; rm -r apt'], { cwd: made });
  });
}

// Of Debian's package ovmf; other distributions' have no keys in it.
const withFirmware = it.skipIf(!existsSync(OVMF.variables));

withFirmware('a machine with Secure Boot is told so, and goes on', { timeout: 900_000 }, async () => {
  await prepareSmokeImages();
  const loaders = await signedLoaders();
  const [netboot, kexec] = [await smokeImage('netboot-interactive'), await smokeImage('kexec-noninteractive')];

  const esp = join(folder, 'esp');
  for (const path of ['EFI/BOOT', 'EFI/debian']) await mkdir(join(esp, path), { recursive: true });
  await cp(join(loaders, 'usr/lib/shim/shimx64.efi.signed'), join(esp, 'EFI/BOOT/BOOTX64.EFI'));
  await cp(join(loaders, 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed'), join(esp, 'EFI/BOOT/grubx64.efi'));
  await writeFile(join(esp, 'EFI/debian/grub.cfg'), GRUB_CONFIG);
  await cp(join(netboot, 'kernel'), join(esp, 'kernel'));
  const extra = join(folder, 'extra');
  await writeFile(extra, newcArchive([{ path: 'host-init', content: Buffer.from(HOST_INIT), mode: 0o755 }]));
  await execa('cat', [join(netboot, 'initrd'), extra], { stdout: { file: join(esp, 'initrd') } });

  const root = join(folder, 'root');
  await mkdir(root);
  await execa('tar', ['xzf', join(kexec, 'kexec.tar.gz'), '-C', root]);
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]);
  await cp(join(folder, 'key.pub'), join(root, 'authorized_keys'));
  const mke2fs = await findTool('mke2fs', { debian: 'e2fsprogs', nix: 'e2fsprogs' });
  await execa(mke2fs, ['-q', '-t', 'ext4', '-d', root, join(folder, 'disk'), '100M']);

  const { stdout } = await execa(
    'qemu-system-x86_64',
    [
      ...[
        '-machine',
        'q35,smm=on,graphics=off',
        '-global',
        'driver=cfi.pflash01,property=secure,value=on',
        '-m',
        '512',
      ],
      ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot', '-nodefaults'],
      ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${OVMF.code}`],
      ...['-drive', `if=pflash,unit=1,format=raw,snapshot=on,file=${OVMF.variables}`],
      ...['-drive', `if=virtio,format=raw,file=fat:rw:${esp}`, '-drive', `if=virtio,format=raw,file=${folder}/disk`],
    ],
    { timeout: 600_000, stdin: 'ignore' },
  );
  expect(stdout).toContain(
    'the kernel is locked down (integrity, because Secure Boot is on) and starts signed kernels only',
  );
  expect(stdout).toMatch(/^host: run exited 1, kexec_loaded 0\r?$/m);
});
