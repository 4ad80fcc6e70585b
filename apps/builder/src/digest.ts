import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Sha256 } from '@nixos-images/shared';
import * as v from 'valibot';

/** SHA-256 of a text or of bytes, in hex. */
export function sha256Hex(data: string | Uint8Array): Sha256 {
  return v.parse(Sha256, createHash('sha256').update(data).digest('hex'));
}

/**
 * Bytes of a piece: the unit of uploads. Above R2's least part size (5 MiB), and 10,000 of them, R2's most, make 156 GiB.
 * Small enough that a lost connection costs little.
 */
export const PIECE = 16 * 1024 * 1024;

/** The hashes of a file's bytes. */
export const FileDigest = v.object({
  /** Bytes. */
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  sha256: Sha256,
  /** SHA-256 of each PIECE bytes in order; the last may be shorter. Uploads are signed with them, so a server refuses a file that changed after it was hashed. */
  pieces: v.array(Sha256),
  /** BLAKE2b-512, what minisign signs, in hex. */
  blake2b: v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/)),
});
export type FileDigest = v.InferOutput<typeof FileDigest>;

/** The same of bytes that are nowhere in one place, and so never uploaded. */
export const JoinedDigest = v.omit(FileDigest, ['pieces']);
export type JoinedDigest = v.InferOutput<typeof JoinedDigest>;

export interface DigestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Hashes the bytes of a file in every way that is needed, as they come. */
export class Hasher {
  readonly #whole = createHash('sha256');
  readonly #blake2b = createHash('blake2b512');
  readonly #pieces: Sha256[] = [];
  #piece = createHash('sha256');
  #size = 0;

  update(bytes: Uint8Array): void {
    this.#whole.update(bytes);
    this.#blake2b.update(bytes);
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + PIECE - (this.#size % PIECE));
      this.#piece.update(part);
      this.#size += part.length;
      from += part.length;
      if (this.#size % PIECE === 0) this.#endPiece();
    }
  }

  /** Call it once, after the last byte. */
  end(): FileDigest {
    if (this.#size % PIECE !== 0 || this.#size === 0) this.#endPiece();
    return {
      size: this.#size,
      sha256: v.parse(Sha256, this.#whole.digest('hex')),
      pieces: this.#pieces,
      blake2b: this.#blake2b.digest('hex'),
    };
  }

  #endPiece(): void {
    this.#pieces.push(v.parse(Sha256, this.#piece.digest('hex')));
    this.#piece = createHash('sha256');
  }
}

/** Hashes bytes that are joined out of several, as they come. */
export class JoinedHasher {
  readonly #sha256 = createHash('sha256');
  readonly #blake2b = createHash('blake2b512');
  #size = 0;

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#blake2b.update(bytes);
    this.#size += bytes.length;
  }

  /** Call it once, after the last byte. */
  end(): JoinedDigest {
    const sha256 = v.parse(Sha256, this.#sha256.digest('hex'));
    return { size: this.#size, sha256, blake2b: this.#blake2b.digest('hex') };
  }
}

/** Reads a file once and hashes it. */
export async function digestFile(path: string, options: DigestOptions = {}): Promise<FileDigest> {
  const hasher = new Hasher();
  await readInto(hasher, path, options);
  return hasher.end();
}

/** Bytes read at a time. */
const CHUNK = 256 * 1024;

/** Reads a file once and gives its bytes to something that hashes them. */
export async function readInto(
  hasher: { update(bytes: Uint8Array): void },
  path: string,
  { signal, onBytes }: DigestOptions,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  await using file = await open(path);
  for (let position = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    hasher.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
    onBytes?.(bytesRead);
  }
}
