import { type ChannelState, type Sha256, Sha256 as Sha256Schema } from '@nixos-images/shared';
import * as v from 'valibot';
import type { ByteRange } from './range.ts';

/** Bytes that the Worker holds. */
export interface MemoryPiece {
  readonly from: 'memory';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Part of a blob of the bucket. */
export interface BlobPiece {
  readonly from: 'blob';
  readonly key: string;
  /** Bytes of the whole blob, as its manifest has it. */
  readonly size: number;
  readonly range: ByteRange;
}

/** A stretch of a representation's bytes and where they come from. */
export type Piece = MemoryPiece | BlobPiece;

/** Bytes with everything that HTTP says about them. */
export interface Representation {
  /** In order; most representations are one piece. */
  readonly pieces: readonly Piece[];
  /** Bytes of all pieces. */
  readonly size: number;
  /** Undefined for bytes that are never all in one place. */
  readonly sha256: Sha256 | undefined;
  /** Strong, made of the SHA-256, with its quotes. */
  readonly etag: string;
  /** Milliseconds since 1970, of a whole second. */
  readonly modified: number;
  /** Milliseconds since 1970 at which its address began to give it instead of other bytes; undefined where it never gave others. */
  readonly changed: number | undefined;
  /** Headers of every answer about it, 304 and 416 included. */
  readonly always: Readonly<Record<string, string>>;
  /** Headers of answers that carry its bytes, beside length and range. */
  readonly content: Readonly<Record<string, string>>;
}

/** What is known of bytes before anybody asks for them. */
export interface About {
  readonly sha256: Sha256;
  readonly mediaType: string;
  /** Name under which a browser or `curl -OJ` saves it. */
  readonly name: string;
  /** Path of the pinned address, for Content-Location. */
  readonly location: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly caching: Caching;
}

/** How long a cache may use an answer without asking. */
export type Caching =
  /** The address names a version, and its bytes never change. */
  | 'immutable'
  /** The address floats, or the Worker writes the text itself: ask every time, which costs a 304. */
  | 'revalidate';

const CACHE_CONTROL: Readonly<Record<Caching, string>> = {
  immutable: 'public, max-age=31536000, immutable',
  // Zero, so that no cache on the way can pair an old file with a new checksum.
  revalidate: 'public, max-age=0, must-revalidate',
};

/**
 * Bytes with everything that HTTP says about them.
 * @param digestOf whether `sha256` is the digest of the bytes, or of what they are composed of, which makes a tag but no Repr-Digest.
 */
export function represent(
  pieces: readonly Piece[],
  { sha256, mediaType, name, location, modified, caching }: About,
  digestOf: 'bytes' | 'recipe' = 'bytes',
): Representation {
  const etag = `"${sha256}"`;
  const second = modified - (modified % 1000);
  const saved = DATA.has(mediaType) ? 'inline' : 'attachment';
  return {
    pieces,
    size: pieces.reduce((sum, piece) => sum + lengthOf(piece), 0),
    sha256: digestOf === 'bytes' ? sha256 : undefined,
    etag,
    modified: second,
    changed: undefined,
    always: {
      ETag: etag,
      'Last-Modified': formatHttpDate(second),
      'Cache-Control': CACHE_CONTROL[caching],
      'Content-Location': location,
      'Accept-Ranges': 'bytes',
      'X-Content-Type-Options': 'nosniff',
      ...(isCompressible(mediaType) ? { Vary: 'Accept-Encoding' } : {}),
      ...(mediaType === JSON_TYPE ? CORS : {}),
    },
    content: {
      'Content-Type': mediaType,
      'Content-Disposition': `${saved}; filename="${name}"`,
      ...(digestOf === 'bytes' ? { 'Repr-Digest': `sha-256=:${hexToBase64(sha256)}:` } : {}),
    },
  };
}

/**
 * Whether the network in front of the Worker compresses such a body for who accepts that
 * (https://developers.cloudflare.com/speed/optimization/content/compression/).
 */
export function isCompressible(mediaType: string): boolean {
  return /^(text\/|application\/(json|atom\+xml))/.test(mediaType);
}

export const TEXT_TYPE = 'text/plain; charset=utf-8';
export const JSON_TYPE = 'application/json';
const DATA: ReadonlySet<string> = new Set([TEXT_TYPE, JSON_TYPE]);

/** Any page may read the JSON and these of its headers. */
export const CORS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'ETag, Content-Location, Repr-Digest, Last-Modified, Cache-Status',
};

/** Text that the Worker holds or writes, as a representation. */
export async function representText(text: string, about: Omit<About, 'sha256'>): Promise<Representation> {
  const bytes = Uint8Array.from(new TextEncoder().encode(text));
  return represent([{ from: 'memory', bytes }], { ...about, sha256: await digest(bytes) });
}

/**
 * The representation with what its channel's state adds to every answer: where upstream ended the channel, since when (RFC 9745) and,
 * if that is known, until when it is served (RFC 8594). The state is undefined for a channel that left the catalog.
 */
export function withEnd(representation: Representation, state: ChannelState | undefined): Representation {
  if (state?.status !== 'frozen') return representation;
  const since = Math.floor(Date.parse(state.since) / 1000);
  const sunset = state.sunset === undefined ? {} : { Sunset: formatHttpDate(Date.parse(state.sunset)) };
  return { ...representation, always: { ...representation.always, Deprecation: `@${since}`, ...sunset } };
}

/** How many bytes a piece has. */
export function lengthOf(piece: Piece): number {
  return piece.from === 'memory' ? piece.bytes.length : piece.range.length;
}

/** The pieces that make up a range of a representation. */
export function slice(pieces: readonly Piece[], { offset, length }: ByteRange): Piece[] {
  const found: Piece[] = [];
  let start = 0;
  for (const piece of pieces) {
    const from = Math.max(offset - start, 0);
    const to = Math.min(offset + length - start, lengthOf(piece));
    if (from < to) found.push(cut(piece, from, to));
    start += lengthOf(piece);
  }
  return found;
}

function cut(piece: Piece, from: number, to: number): Piece {
  if (piece.from === 'memory') return { from: 'memory', bytes: piece.bytes.subarray(from, to) };
  return { ...piece, range: { offset: piece.range.offset + from, length: to - from } };
}

/** SHA-256 of bytes. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Sha256> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return v.parse(Sha256Schema, Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}

function hexToBase64(hex: Sha256): string {
  const pairs = hex.match(/../g) ?? [];
  return btoa(String.fromCharCode(...pairs.map((pair) => Number.parseInt(pair, 16))));
}

/** A moment as it stands in Last-Modified: whole seconds. */
export function formatHttpDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString();
}
