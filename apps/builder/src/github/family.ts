import {
  ARCHES,
  type Arch,
  type Asset,
  Channel,
  defaultVariant,
  type Kind,
  parseAsset,
  type Role,
  Variant,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { sha256Hex } from '../digest.ts';
import type { GithubAsset } from './release-objects.ts';

/** An image made of a release's assets. */
export interface FamilyImage {
  readonly kind: Exclude<Kind, 'ipxe'>;
  readonly arch: Arch;
  readonly variant: Variant;
  readonly files: readonly { readonly role: Role; readonly asset: GithubAsset }[];
  /** Netboot only: where the kernel's parameters stand. */
  readonly script: GithubAsset | undefined;
}

/** What of a GitHub release can be taken over. */
export interface Family {
  readonly images: readonly FamilyImage[];
  /** Assets of the family that no image can be made of. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** Assets that have nothing to do with us. */
  readonly foreign: readonly string[];
}

const KEXEC_INTERACTIVE = v.parse(Variant, 'interactive');

/** Sorts the assets of a release into images, by today's names. */
export function familyOf(assets: readonly GithubAsset[]): Family {
  const images: FamilyImage[] = [];
  const leftOut: { name: string; reason: string }[] = [];
  const known = new Map(assets.map((asset) => [asset.name, { asset, is: parseAsset(asset.name) }]));
  const find = (wanted: (is: Asset) => boolean): GithubAsset | undefined =>
    known.values().find(({ is }) => is !== undefined && wanted(is))?.asset;

  for (const arch of ARCHES) {
    for (const noninteractive of [true, false]) {
      const tarball = find((is) => is.role === 'kexec' && is.arch === arch && is.noninteractive === noninteractive);
      const variant = noninteractive ? defaultVariant('kexec') : KEXEC_INTERACTIVE;
      if (tarball !== undefined) {
        images.push({ kind: 'kexec', arch, variant, files: [{ role: 'tarball', asset: tarball }], script: undefined });
      }
    }
    const of = (role: 'iso' | 'kernel' | 'initrd' | 'script') => find((is) => is.role === role && is.arch === arch);
    const [iso, kernel, initrd, script] = [of('iso'), of('kernel'), of('initrd'), of('script')];
    if (iso !== undefined) {
      const files = [{ role: 'iso' as const, asset: iso }];
      images.push({ kind: 'iso', arch, variant: defaultVariant('iso'), files, script: undefined });
    }
    if (kernel !== undefined && initrd !== undefined && script !== undefined) {
      const files = [
        { role: 'kernel' as const, asset: kernel },
        { role: 'initrd' as const, asset: initrd },
      ];
      images.push({ kind: 'netboot', arch, variant: defaultVariant('netboot'), files, script });
    } else {
      for (const asset of [kernel, initrd, script]) {
        if (asset !== undefined) leftOut.push({ name: asset.name, reason: `netboot ${arch} is not complete` });
      }
    }
  }
  const foreign = known.values().flatMap(({ asset, is }) => (is === undefined ? [asset.name] : []));
  return { images, leftOut, foreign: [...foreign] };
}

/** The channel that a release's tag names: today's releases are called like their channel. */
export function channelOfTag(tag: string): Channel | undefined {
  const parsed = v.safeParse(Channel, tag);
  return parsed.success ? parsed.output : undefined;
}

/**
 * The series (`26.05`) of an imported release: the stable channel's own, or the one in the name of the system that a netboot script
 * starts (`…-nixos-system-nixos-26.11pre56789.gfedcba/init`). Undefined when neither tells.
 */
export function seriesOf(channel: Channel, inits: readonly string[]): string | undefined {
  if (channel !== 'nixos-unstable') return channel.slice('nixos-'.length);
  for (const init of inits) {
    const series = /-nixos-system-[\w.-]*?-(\d\d\.\d\d)(?!\d)/.exec(init)?.[1];
    if (series !== undefined) return series;
  }
  return undefined;
}

/**
 * The middle and last part of an imported release's version: the day of its newest asset, and seven digits of a hash over
 * all assets, so that the same assets always make the same version.
 */
export function importedRevision(assets: readonly GithubAsset[]): string {
  const newest =
    assets
      .map(({ updated }) => updated)
      .toSorted()
      .at(-1) ?? '';
  const lines = assets.map(({ name, sha256, size, updated }) => `${name} ${size} ${sha256 ?? updated}\n`).toSorted();
  return `${newest.slice(0, 10).replaceAll('-', '')}.${sha256Hex(lines.join('')).slice(0, 7)}`;
}
