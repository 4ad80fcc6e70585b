import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Makes a file that no server can compress or share with another. */
export async function makeFile(path: string, size: number): Promise<void> {
  await using file = await open(path, 'w');
  const block = randomBytes(1 << 20);
  for (let written = 0; written < size; written += block.length) {
    createHash('sha256').update(block).digest().copy(block);
    await file.write(block.subarray(0, Math.min(block.length, size - written)));
  }
}
