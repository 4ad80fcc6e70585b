import {
  addressArea,
  type Customisation,
  type File,
  IPXE_ROLES,
  type IpxeImage,
  imageAddress,
  type MenuAddress,
  menuAddress,
  type Part,
  type Version,
} from '@nixos-images/shared';
import { blobPiece } from '../answers/image.ts';
import type { Piece } from '../http/representation.ts';
import { type Problem, problem } from '../problem.ts';
import type { Settings } from '../settings.ts';
import type { Composition } from './composition.ts';

type MenuSettings = Pick<Settings, 'PUBLIC_ORIGIN' | 'CUSTOMISATION'>;

/**
 * The menu that a customised iPXE goes on at, where such menus are answered. Where the operator did not say what the edge's address is, it is the server that the image was
 * made for: a request's Host is written into nothing. Undefined if nobody said.
 */
export function customisedMenu(
  { menu }: Pick<IpxeImage, 'menu'>,
  customisation: Customisation,
  { PUBLIC_ORIGIN, CUSTOMISATION }: MenuSettings,
): MenuAddress | undefined {
  const built = menu === undefined ? undefined : new URL(menu).origin;
  const origin = CUSTOMISATION === 'on' ? (PUBLIC_ORIGIN ?? built) : `http://${CUSTOMISATION}`;
  return origin === undefined ? undefined : menuAddress(origin, customisation);
}

interface Asked {
  readonly part: Part;
  readonly customisation: Customisation;
  readonly version: Version;
}

/** A file of an ipxe image that goes on at the menu with a customisation, instead of the plain one. */
export function customisedIpxe(
  image: IpxeImage,
  { part, customisation, version }: Asked,
  settings: MenuSettings,
): (Composition & { readonly file: File }) | Problem {
  const { length, offsets } = image.address;
  const role = IPXE_ROLES.find((known) => known === part);
  const file = role && image.files[role];
  const areas = role && offsets[role];
  if (file === undefined || areas === undefined) {
    const others = IPXE_ROLES.filter((known) => image.files[known] !== undefined && offsets[known] !== undefined);
    return problem(
      404,
      `This form of iPXE (.${part}) has no room for the address of a menu. These have:`,
      others.map((known) => imageAddress(image, { ref: version, part: known, customisation })),
    );
  }
  const menu = customisedMenu(image, customisation, settings);
  if (menu === undefined) {
    return problem(
      404,
      'This server does not know its own address (PUBLIC_ORIGIN), so it cannot write it into iPXE. Boot the plain file, and give it the address of this menu.',
    );
  }
  const added = addressArea(menu, length);
  if (added === undefined)
    return problem(400, `The customisation is too large: iPXE has room for ${length} characters.`);
  const pieces: Piece[] = [];
  let from = 0;
  for (const offset of areas.toSorted((a, b) => a - b)) {
    pieces.push(
      { ...blobPiece(file), range: { offset: from, length: offset - from } },
      { from: 'memory', bytes: added },
    );
    from = offset + length;
  }
  pieces.push({ ...blobPiece(file), range: { offset: from, length: file.size - from } });
  return { file, added, pieces };
}

/** The command that gives the digest of the file as it is without the customisation. */
export function checkOfIpxe({ address: { length, offsets }, menu }: IpxeImage, part: Part): string {
  const role = IPXE_ROLES.find((known) => known === part);
  const plain = `printf '%-${length}s' '${menu ?? ''}'`;
  const steps: string[] = [];
  let from = 0;
  for (const offset of ((role && offsets[role]) ?? []).toSorted((a, b) => a - b)) {
    steps.push(`tail -c +${from + 1} FILE | head -c ${offset - from}`, plain);
    from = offset + length;
  }
  return `{ ${[...steps, `tail -c +${from + 1} FILE`].join('; ')}; } | sha256sum`;
}
