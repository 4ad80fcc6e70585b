import type { OpenBlob } from './blobs.ts';
import type { Piece } from './representation.ts';

/**
 * A body of exactly the bytes of `pieces`. The first blob is opened before this resolves, so that a fault can still become an error
 * status. If a later one ends early, the connection breaks: a client must never take a torso for the whole.
 */
export async function openBody(pieces: readonly Piece[], openBlob: OpenBlob): Promise<BodyInit> {
  const [only, second] = pieces;
  if (only === undefined) return '';
  // As it is: another stream around it would cost processor time for every byte.
  if (second === undefined) return only.from === 'memory' ? only.bytes : openBlob(only);
  // Loaded here only: what is not customised is in one piece.
  const { joinPieces } = await import('./join-pieces.ts');
  return joinPieces(pieces, openBlob);
}
