import { type Address, type ImageAddress, WHOLE_PART } from './address.ts';
import { formatAsset } from './asset.ts';
import { formatCustomisation } from './customisation.ts';
import type { ImageId } from './image-id.ts';
import { defaultVariant } from './words.ts';

/** The one canonical path of an address. */
export function formatAddress(address: Address): string {
  switch (address.type) {
    case 'image':
      return formatImage(address);
    case 'releases':
      return '/releases/';
    case 'release':
      return `/releases/${address.version}/`;
    case 'release-description':
      return `/v1/releases/${address.version}.json`;
    case 'entry':
      return `/releases/${address.version}/${address.name}`;
    case 'asset': {
      const folder = address.ref === undefined ? 'latest/download' : `download/${address.ref}`;
      return `/releases/${folder}/${formatAsset(address.asset)}`;
    }
  }
}

function formatImage({ customisation, kind, ref, arch, variant, part, view }: ImageAddress): string {
  const front = customisation === undefined ? '' : `/with/${formatCustomisation(customisation)}`;
  const whole = WHOLE_PART[kind];
  const end = part === whole.part ? whole.extension : `/${part}`;
  return [
    `${front}/${kind}${ref === undefined ? '' : `@${ref}`}/${arch}`,
    variant === undefined ? '' : `/${variant}`,
    end,
    view === 'itself' ? '' : `.${view}`,
  ].join('');
}

/** What an address says beside the image; all of the image, uncustomised and as it is, where it says nothing. */
type Rest = Pick<ImageAddress, 'ref'> & Partial<Pick<ImageAddress, 'part' | 'view' | 'customisation'>>;

/** The address of an image, or of a part of it, in the release that `ref` names. It names the variant, whichever is the default. */
export function imageAddress(image: ImageId, rest: Rest): string {
  const { kind, arch, variant } = image;
  const { ref, part = WHOLE_PART[kind].part, view = 'itself', customisation } = rest;
  return formatAddress({ type: 'image', customisation, kind, ref, arch, variant, part, view });
}

/** The shortest address of an image in the newest stable release: what a person types. */
export function shortAddress({ kind, arch, variant }: ImageId): string {
  const { part } = WHOLE_PART[kind];
  const named = variant === defaultVariant(kind) ? undefined : variant;
  return formatAddress({
    type: 'image',
    customisation: undefined,
    kind,
    ref: undefined,
    arch,
    variant: named,
    part,
    view: 'itself',
  });
}
