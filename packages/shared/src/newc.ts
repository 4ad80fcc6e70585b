/** One entry of an archive: a folder, or a file with its content. */
export type NewcEntry =
  | { readonly path: string; readonly folder: true; readonly mode: number }
  | { readonly path: string; readonly content: Uint8Array; readonly mode: number };

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

/**
 * A cpio archive in the "newc" format, which the kernel unpacks as an initrd
 * (https://docs.kernel.org/driver-api/early-userspace/buffer-format.html). The same entries always give the same bytes:
 * owner root, time zero. Its length is a multiple of 512, so that another archive may follow it directly.
 *
 * A file whose folder has no entry before it is silently left out by the kernel: name the folders, too. Paths are relative and
 * ASCII.
 */
export function newcArchive(entries: readonly NewcEntry[]): Uint8Array<ArrayBuffer> {
  const empty = new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  const add = (bytes: Uint8Array): void => {
    parts.push(bytes);
    length += bytes.length;
  };
  const pad = (multiple: number): void => add(new Uint8Array((multiple - (length % multiple)) % multiple));
  const member = (path: string, mode: number, links: number, content: Uint8Array, inode: number): void => {
    const name = ascii(`${path}\0`);
    // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
    const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0];
    add(ascii(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`));
    add(name);
    pad(4);
    add(content);
    pad(4);
  };
  entries.forEach((entry, index) => {
    if ('folder' in entry) member(entry.path, S_IFDIR | entry.mode, 2, empty, index + 1);
    else member(entry.path, S_IFREG | entry.mode, 1, entry.content, index + 1);
  });
  member('TRAILER!!!', 0, 1, empty, 0);
  pad(512);
  const archive = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0x7f);
}
