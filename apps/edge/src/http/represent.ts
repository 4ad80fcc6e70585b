import { type Sha256, Sha256 as Sha256Schema } from '@nixos-images/shared';
import * as v from 'valibot';
import { formatHttpDate } from './date.ts';
import { lengthOf, type Piece, type Representation } from './representation.ts';

/** How long an answer may be used again without asking. */
export type Lasting =
  /** The address names a version: its bytes never change. */
  | 'forever'
  /** The address floats, or the Worker writes the text itself: ask every time, which costs a 304. */
  | 'until-asked';

const CACHE_CONTROL: Readonly<Record<Lasting, string>> = {
  forever: 'public, max-age=31536000, immutable',
  // Zero, so that no cache on the way can pair an old file with a new checksum.
  'until-asked': 'public, max-age=0, must-revalidate',
};

/** What is known of bytes before anybody asks for them. */
export interface About {
  readonly sha256: Sha256;
  readonly mediaType: string;
  /** Name under which a browser or `curl -OJ` saves it. */
  readonly name: string;
  /** Path of the pinned address, for Content-Location. */
  readonly pinned: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly lasting: Lasting;
}

/**
 * Bytes with everything that HTTP says about them.
 * @param digestOf whether `sha256` is the digest of the bytes, or of what they are composed of, which makes a tag but no Repr-Digest.
 */
export function represent(
  pieces: readonly Piece[],
  about: About,
  digestOf: 'bytes' | 'recipe' = 'bytes',
): Representation {
  const { sha256, mediaType, name, pinned, lasting } = about;
  const size = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  const modified = about.modified - (about.modified % 1000);
  const etag = `"${sha256}"`;
  const saved = DATA.has(mediaType) ? 'inline' : 'attachment';
  return {
    pieces,
    size,
    sha256: digestOf === 'bytes' ? sha256 : undefined,
    etag,
    modified,
    always: {
      ETag: etag,
      'Last-Modified': formatHttpDate(modified),
      'Cache-Control': CACHE_CONTROL[lasting],
      'Content-Location': pinned,
      'Accept-Ranges': 'bytes',
      'X-Content-Type-Options': 'nosniff',
      ...(mediaType === JSON_TYPE ? CORS : {}),
    },
    content: {
      'Content-Type': mediaType,
      'Content-Disposition': `${saved}; filename="${name}"`,
      ...(digestOf === 'bytes' ? { 'Repr-Digest': `sha-256=:${hexToBase64(sha256)}:` } : {}),
    },
  };
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

/** SHA-256 of bytes. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Sha256> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return v.parse(Sha256Schema, Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}

function hexToBase64(hex: Sha256): string {
  const pairs = hex.match(/../g) ?? [];
  return btoa(String.fromCharCode(...pairs.map((pair) => Number.parseInt(pair, 16))));
}
