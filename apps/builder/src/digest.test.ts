import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestFile, PIECE, sha256Hex } from './digest.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-digest-'));
});
afterAll(() => rm(folder, { recursive: true }));

it.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 12_345])(
  'hashes a file of %d bytes as a whole and in the pieces that are uploaded',
  async (size) => {
    const bytes = Buffer.alloc(size, 'nixos');
    const path = join(folder, `${size}`);
    await writeFile(path, bytes);
    const digest = await digestFile(path);
    const count = Math.max(1, Math.ceil(size / PIECE));
    expect(digest).toEqual({
      size,
      sha256: sha256Hex(bytes),
      pieces: Array.from({ length: count }, (_, index) =>
        sha256Hex(bytes.subarray(index * PIECE, (index + 1) * PIECE)),
      ),
      blake2b: createHash('blake2b512').update(bytes).digest('hex'),
    });
  },
);
