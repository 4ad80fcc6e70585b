// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the samples are source text.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSourceFiles } from './imports.ts';

const root = join(import.meta.dirname, '..', '..');

/** Text that puts an address or a key of the bucket together, or takes one apart. */
const BY_HAND =
  /['`/^](?:releases\\?\/(?:\$\{|\(|['`])|blobs\\?\/sha256|(?:kexec|iso|netboot)@?\$\{|v1\/releases\/\$\{)/;

describe('addresses and bucket keys', () => {
  it('are written and read in the shared package alone', async () => {
    const files = (await readSourceFiles(root)).map(({ path }) => path);
    const found: string[] = [];
    for (const path of files.filter((path) => path.startsWith('apps/') && !path.endsWith('.test.ts'))) {
      // Those are wrong on purpose.
      if (path.endsWith('hostile-requests.ts')) continue;
      const lines = (await readFile(join(root, path), 'utf8')).split('\n');
      const byHand = lines.filter((line) => BY_HAND.test(line) && !/^\s*(\*|\/\/|\/\*\*|get\()/.test(line));
      found.push(...byHand.map((line) => `${path}: ${line.trim()}`));
    }
    expect(found, 'formatAddress, imageAddress and the keys of packages/shared make these').toEqual([]);
  });

  it.each([
    ['const path = `/releases/${version}/${name}`;'],
    ["bucket.list('releases/')"],
    ['const BLOB = /^blobs\\/sha256\\/([0-9a-f]{64})$/;'],
    ['const RELEASE = /^releases\\/([^/]+)\\/[^/]+$/;'],
    ['return `/netboot@${ref}/${arch}`;'],
  ])('are noticed in %s', (line) => {
    expect(BY_HAND.test(line)).toBe(true);
  });
});
