import type { Piece } from '../http/representation.ts';

/** What comes before, into or around blobs, and the pieces of the whole. */
export interface Composition {
  readonly added: Uint8Array<ArrayBuffer>;
  readonly pieces: readonly Piece[];
}
