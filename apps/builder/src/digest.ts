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

interface DigestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Reads a file once and hashes it. */
export async function digestFile(path: string, { signal, onBytes }: DigestOptions = {}): Promise<FileDigest> {
  const whole = createHash('sha256');
  const blake2b = createHash('blake2b512');
  const pieces: Sha256[] = [];
  const buffer = Buffer.allocUnsafe(PIECE / 64);
  let size = 0;
  await using file = await open(path);
  let piece = createHash('sha256');
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length - (size % buffer.length), size);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    whole.update(chunk);
    piece.update(chunk);
    blake2b.update(chunk);
    size += bytesRead;
    onBytes?.(bytesRead);
    if (size % PIECE === 0) {
      pieces.push(v.parse(Sha256, piece.digest('hex')));
      piece = createHash('sha256');
    }
  }
  if (size % PIECE !== 0 || size === 0) pieces.push(v.parse(Sha256, piece.digest('hex')));
  return { size, sha256: v.parse(Sha256, whole.digest('hex')), pieces, blake2b: blake2b.digest('hex') };
}
