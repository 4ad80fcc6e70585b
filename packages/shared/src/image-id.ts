import { ARCHES, type Arch, defaultVariant, KINDS, type Kind, type Variant } from './words.ts';

/** What tells an image from the others of its release. Everything that has the three has one: an image, its facts, its boot test. */
export interface ImageId {
  readonly kind: Kind;
  readonly arch: Arch;
  readonly variant: Variant;
}

/** The three alone, of a thing that has them and more. */
export function imageIdOf({ kind, arch, variant }: ImageId): ImageId {
  return { kind, arch, variant };
}

/** Whether two things are about the same image. */
export function isSameImage(left: ImageId, right: ImageId): boolean {
  return left.kind === right.kind && left.arch === right.arch && left.variant === right.variant;
}

/** Orders images as lists show them: by kind, architecture, then the default variant before the others; for `toSorted`. */
export function compareImageIds(left: ImageId, right: ImageId): number {
  const rank = ({ kind, variant }: ImageId) => (variant === defaultVariant(kind) ? 0 : 1);
  return (
    KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind) ||
    ARCHES.indexOf(left.arch) - ARCHES.indexOf(right.arch) ||
    rank(left) - rank(right) ||
    (left.variant < right.variant ? -1 : left.variant > right.variant ? 1 : 0)
  );
}

/** How people are told of an image: `kexec x86_64 noninteractive`. */
export function formatImageId({ kind, arch, variant }: ImageId): string {
  return `${kind} ${arch} ${variant}`;
}

/** The same as one word, for the names of files and the keys of maps: `kexec-x86_64-noninteractive`. */
export function imageIdWord({ kind, arch, variant }: ImageId): string {
  return `${kind}-${arch}-${variant}`;
}
