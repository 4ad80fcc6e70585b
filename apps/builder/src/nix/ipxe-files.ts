import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { addressArea, type ImageJson, type IpxeRole, type MenuAddress, menuAddress } from '@nixos-images/shared';
import { digestFile, type FileDigest } from '../digest.ts';
import { Failure } from '../failure.ts';
import { type HashOptions, writeWhole } from './digest-memory.ts';

type IpxeJson = Extract<ImageJson, { kind: 'ipxe' }>;

/** A file of an ipxe image, with the address of a menu in it. */
export interface IpxeFile {
  readonly role: IpxeRole;
  readonly path: string;
  readonly digest: FileDigest;
}

/** The menu that iPXE goes on at: the edge's, if the config says where that is. */
export function menuOf(edge: URL | undefined): MenuAddress | undefined {
  return edge === undefined ? undefined : menuAddress(edge.origin);
}

/**
 * Writes the address of the edge's menu into copies of an ipxe image's files, below the state folder, and hashes them. A flake does not know
 * where its images will be served; without an edge in the config, they stay as they were built.
 * @throws Failure where an area is not what the image says of it.
 */
export async function ipxeFilesOf(
  storePath: string,
  { address: { length, offsets } }: IpxeJson,
  files: readonly { readonly role: IpxeRole; readonly path: string }[],
  { state, edge, signal }: HashOptions,
): Promise<IpxeFile[]> {
  const menu = menuOf(edge);
  const filled = menu === undefined ? undefined : addressArea(menu, length);
  if (menu !== undefined && filled === undefined)
    throw new Failure(`${storePath} has no room for ${menu}: it takes ${length} characters.`);
  const written: IpxeFile[] = [];
  for (const { role, path } of files) {
    const original = join(storePath, path);
    const bytes = await readFile(original);
    for (const offset of offsets[role] ?? []) {
      const area = bytes.subarray(offset, offset + length);
      if (area.length !== length || area.some((byte) => byte !== 0x20)) {
        throw new Failure(
          `${original} is not ${length} blanks at ${offset}, where image.json says that the address goes.`,
          {
            remedy: 'Correct the image in the flake and build it again.',
          },
        );
      }
      if (filled !== undefined) area.set(filled);
    }
    const copy = join(state, 'ipxe', basename(storePath), path);
    const changed = filled !== undefined && offsets[role] !== undefined;
    if (changed) await writeWhole(copy, bytes);
    const read = changed ? copy : original;
    written.push({ role, path: read, digest: await digestFile(read, { signal }) });
  }
  return written;
}
