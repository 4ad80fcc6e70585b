/** The whole grammar of addresses, in the part of the bundle that plain downloads never load. */
export { parseAddress } from '@nixos-images/shared';
