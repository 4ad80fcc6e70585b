import {
  type Asset,
  defaultVariant,
  type File,
  filesOf,
  formatAsset,
  type Image,
  type Manifest,
  type NetbootImage,
  type Sha256,
} from '@nixos-images/shared';
import { sha256Hex } from '../digest.ts';
import { formatNetbootScript } from './netboot-script.ts';
import type { WantedAsset } from './replacement.ts';

/** GitHub takes files below 2 GiB (https://docs.github.com/repositories/releasing-projects-on-github/about-releases#storage-and-bandwidth-quotas). */
export const LARGEST_ASSET = 2 ** 31 - 1;

/** An asset that the mirror wants, and where its bytes are. */
export type MirrorAsset = WantedAsset & {
  /** Bytes. */
  readonly size: number;
} & ({ readonly from: 'blob'; readonly file: File } | { readonly from: 'text'; readonly text: string });

/** A file that the mirror cannot have. */
export interface LeftOut {
  readonly name: File['name'];
  readonly reason: string;
}

/**
 * What a release is on GitHub, under today's names: files first, the scripts that point to them last.
 * @param base address below which the pinned copy's assets are; scripts point there, as those names never change hands.
 */
export function mirrorAssets(manifest: Manifest, base: string): { assets: MirrorAsset[]; leftOut: LeftOut[] } {
  const blobs: MirrorAsset[] = [];
  const scripts: MirrorAsset[] = [];
  const leftOut: LeftOut[] = [];
  for (const image of manifest.images) {
    const named = todaysNames(image);
    const tooLarge = named.filter(({ file }) => file.size > LARGEST_ASSET);
    leftOut.push(...tooLarge.map(({ file: { name } }) => ({ name, reason: 'larger than GitHub takes (2 GiB)' })));
    for (const { name, file } of named) {
      if (name === undefined) leftOut.push({ name: file.name, reason: "has no name among GitHub's assets" });
      else if (!tooLarge.some((large) => large.file === file)) {
        blobs.push({ name, sha256: file.sha256, size: file.size, from: 'blob', file });
      }
    }
    if (image.kind === 'netboot' && tooLarge.length === 0 && named.every(({ name }) => name !== undefined)) {
      scripts.push(scriptOf(image, base));
    }
  }
  return { assets: [...blobs, ...scripts], leftOut };
}

function todaysNames(image: Image): { name: string | undefined; file: File }[] {
  const { arch, variant } = image;
  const usual = variant === defaultVariant(image.kind);
  const name = (asset: Asset, has = usual) => (has ? formatAsset(asset) : undefined);
  switch (image.kind) {
    case 'kexec': {
      const asset: Asset = { role: 'kexec', noninteractive: variant === 'noninteractive', arch };
      return [{ name: name(asset, usual || variant === 'interactive'), file: image.files.tarball }];
    }
    case 'iso':
      return [{ name: name({ role: 'iso', arch }), file: image.files.iso }];
    case 'netboot':
      return [
        { name: name({ role: 'kernel', arch }), file: image.files.kernel },
        { name: name({ role: 'initrd', arch }), file: image.files.initrd },
      ];
    case 'ipxe':
      return filesOf(image).map(({ file }) => ({ name: undefined, file }));
  }
}

function scriptOf({ arch, init, kernelParams }: NetbootImage, base: string): MirrorAsset {
  const address = (role: 'kernel' | 'initrd') => `${base}/${formatAsset({ role, arch })}`;
  const text = formatNetbootScript({ kernel: address('kernel'), initrd: address('initrd'), init, kernelParams });
  const sha256: Sha256 = sha256Hex(text);
  return { name: formatAsset({ role: 'script', arch }), sha256, size: Buffer.byteLength(text), from: 'text', text };
}
