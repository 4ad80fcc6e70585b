import * as v from 'valibot';
import { type Customisation, formatCustomisation } from './customisation.ts';

/** The address of a menu, as it stands in a script of iPXE's: nothing in it is anything to iPXE but characters. */
export const MenuAddress = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[\w.:[\]-]+\/[\w/:,.@-]+$/, 'not the address of a menu'),
  v.brand('MenuAddress'),
);
export type MenuAddress = v.InferOutput<typeof MenuAddress>;

/**
 * The address of an edge's menu, plain or customised, over plain HTTP: of the iPXEs that are about, few can talk to today's certificates.
 * @param origin of the edge, such as `https://images.example.org`.
 */
export function menuAddress(origin: string, customisation?: Customisation): MenuAddress {
  const front = customisation === undefined ? '' : `/with/${formatCustomisation(customisation)}`;
  return v.parse(MenuAddress, `${origin.replace(/^https:/, 'http:')}${front}/boot.ipxe`);
}

/** What stands in an ipxe image's area of `length` bytes for an address: itself, and blanks, which iPXE drops. Undefined if it is too long. */
export function addressArea(address: string, length: number): Uint8Array<ArrayBuffer> | undefined {
  return address.length > length ? undefined : Uint8Array.from(new TextEncoder().encode(address.padEnd(length)));
}
