import type { Image } from './manifest.ts';

const MIB = 1024 * 1024;

/** What a kernel keeps for itself before it tells `MemTotal`, and what the system needs to work. */
const KERNEL_AND_ROOM = (40 + 64) * MIB;

/** In these steps machines, and virtual ones, have their memory. */
const STEP = 256 * MIB;

/**
 * The memory of a machine that an image boots on, in MiB. It is the rule by which `kexec/run` refuses (docs/kexec.md): kernel, packed
 * initrd and unpacked initrd lie in memory at once; and an initrd is unpacked into a tmpfs, which takes no more than half of the memory:
 * with less, Linux boots on without the end of the archive. An image that does not say what its initrd unpacks to is taken for one of twice the
 * size. Undefined for an ISO, which is read as it is used, and for iPXE, which takes next to none.
 */
export function memoryNeeded(image: Image): number | undefined {
  if (image.kind === 'iso' || image.kind === 'ipxe') return undefined;
  const [kernel, initrd] =
    image.kind === 'kexec' ? [0, image.files.tarball.size] : [image.files.kernel.size, image.files.initrd.size];
  const { unpacked = 2 * initrd } = image;
  // What a lean image fetches lies in memory, too.
  const store = image.files.store?.size ?? 0;
  const bytes = Math.max(kernel + initrd + unpacked, 2 * unpacked) + store + KERNEL_AND_ROOM;
  return (Math.ceil(bytes / STEP) * STEP) / MIB;
}

/** An amount of memory as people say it: `768 MB`, `1.5 GB`. */
export function formatMemory(mebibytes: number): string {
  return mebibytes < 1024 ? `${mebibytes} MB` : `${mebibytes / 1024} GB`;
}
