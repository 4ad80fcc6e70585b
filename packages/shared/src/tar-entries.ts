/** A folder, or a file with its content. */
export type TarEntry = { readonly path: string; readonly content: Uint8Array | undefined };

const BLOCK = 512;

/**
 * Entries of a tar archive (POSIX ustar) *without* the two zero blocks that end one: another archive follows, and every tar stops
 * reading at those blocks. Owner root, time zero; paths are ASCII and short.
 */
export function tarEntries(entries: readonly TarEntry[]): Uint8Array<ArrayBuffer> {
  const sizes = entries.map(({ content }) => BLOCK + Math.ceil((content?.length ?? 0) / BLOCK) * BLOCK);
  const tar = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  entries.forEach(({ path, content }, index) => {
    writeHeader(tar.subarray(at, at + BLOCK), path, content);
    if (content !== undefined) tar.set(content, at + BLOCK);
    at += sizes[index] ?? 0;
  });
  return tar;
}

function writeHeader(header: Uint8Array, path: string, content: Uint8Array | undefined): void {
  const field = (offset: number, text: string) => header.set(new TextEncoder().encode(text), offset);
  const octal = (offset: number, digits: number, value: number) =>
    field(offset, `${value.toString(8).padStart(digits, '0')}\0`);
  field(0, path);
  octal(100, 7, content === undefined ? 0o755 : 0o644);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, content?.length ?? 0);
  octal(136, 11, 0);
  field(148, '        ');
  field(156, content === undefined ? '5' : '0');
  field(257, 'ustar\x0000');
  field(265, 'root');
  field(297, 'root');
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  field(148, `${checksum.toString(8).padStart(6, '0')}\0 `);
}
