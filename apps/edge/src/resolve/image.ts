import {
  type Arch,
  type Customisation,
  defaultVariant,
  type File,
  fileName,
  filesOf,
  type Image,
  imageAddress,
  imageIdOf,
  type Kind,
  type Manifest,
  type Part,
  shortAddress,
  type Variant,
} from '@nixos-images/shared';
import { type Problem, problem, quote } from '../problem.ts';

/** The image of a release that an address means, or what the release has instead. */
export function resolveImage(
  manifest: Manifest,
  kind: Kind,
  arch: Arch,
  variant: Variant | undefined,
): Image | Problem {
  const ofKind = manifest.images.filter((image) => image.kind === kind);
  const ofArch = ofKind.filter((image) => image.arch === arch);
  const wanted = variant ?? defaultVariant(kind);
  const found = ofArch.find((image) => image.variant === wanted);
  if (found !== undefined) return found;
  const [only, second] = ofArch;
  // A release without the default variant means its only one.
  if (variant === undefined && only !== undefined && second === undefined) return only;
  const { version } = manifest;
  const addresses = (images: readonly Image[]) => images.map(shortAddress).toSorted();
  if (ofKind.length === 0)
    return problem(404, `Release ${version} has no ${kind} image. It has these:`, addresses(manifest.images));
  if (ofArch.length === 0)
    return problem(404, `Release ${version} has no ${kind} image for ${arch}. It has these:`, addresses(ofKind));
  return problem(
    404,
    `The ${kind} image for ${arch} of release ${version} has no variant${quote(wanted)}. It has these:`,
    addresses(ofArch),
  );
}

/** The address of a part of an image that names its version, so that it never gives anything else. */
export function pinnedAddress(manifest: Manifest, image: Image, part: Part, customisation?: Customisation): string {
  return imageAddress(image, { ref: manifest.version, part, customisation });
}

/** The file of an image that is a part; undefined for what the Worker writes itself. */
export function fileOf(image: Image, part: Part): File | undefined {
  return filesOf(image).find(({ role }) => role === part)?.file;
}

/** The name under which a part is saved. */
export function partName(manifest: Manifest, image: Image, part: Part): string {
  const { smoke, version } = manifest;
  return fileOf(image, part)?.name ?? fileName({ ...imageIdOf(image), smoke, version, part });
}
