import { ARCHES, type Arch, systemOf } from './words.ts';

/** What a file of a GitHub release of nix-community/nixos-images is, by its name there. */
export type Asset =
  | { readonly role: 'kexec'; readonly noninteractive: boolean; readonly arch: Arch }
  | { readonly role: 'iso' | 'kernel' | 'initrd' | 'script'; readonly arch: Arch };

/** The kernel's own name of its image on an architecture, which those releases use. */
const KERNEL_IMAGE = { x86_64: 'bzImage', aarch64: 'Image' } as const satisfies Record<Arch, string>;

const ASSETS: readonly Asset[] = ARCHES.flatMap((arch): Asset[] => [
  { role: 'kexec', noninteractive: true, arch },
  { role: 'kexec', noninteractive: false, arch },
  { role: 'iso', arch },
  { role: 'kernel', arch },
  { role: 'initrd', arch },
  { role: 'script', arch },
]);

/** The name under which a GitHub release has an asset. */
export function formatAsset(asset: Asset): string {
  const system = systemOf(asset.arch);
  switch (asset.role) {
    case 'kexec':
      return `nixos-kexec-installer-${asset.noninteractive ? 'noninteractive-' : ''}${system}.tar.gz`;
    case 'iso':
      return `nixos-installer-${system}.iso`;
    case 'kernel':
      return `${KERNEL_IMAGE[asset.arch]}-${system}`;
    case 'initrd':
      return `initrd-${system}`;
    case 'script':
      return `netboot-${system}.ipxe`;
  }
}

const BY_NAME: ReadonlyMap<string, Asset> = new Map(ASSETS.map((asset) => [formatAsset(asset), asset]));

/** The names of all assets, for those who list them. */
export const ASSET_NAMES: readonly string[] = [...BY_NAME.keys()];

/** The asset of a name; undefined if the releases have none of it. */
export function parseAsset(name: string): Asset | undefined {
  return BY_NAME.get(name);
}
