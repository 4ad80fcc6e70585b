import { newcArchive } from '@nixos-images/shared';

/**
 * The initrd archive that gives a netboot or ISO image its authorized keys (docs/kexec.md): what an image's stage 1 takes
 * over from `customisation/`.
 */
export function customisationArchive(publicKeys: readonly string[]): Uint8Array<ArrayBuffer> {
  const lines = publicKeys.map((key) => `${key}\n`).join('');
  return newcArchive([
    { path: 'customisation', folder: true, mode: 0o755 },
    { path: 'customisation/authorized_keys', content: new TextEncoder().encode(lines), mode: 0o644 },
  ]);
}
