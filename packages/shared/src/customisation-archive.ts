import type { ExtraCmdline, PublicKey } from './customisation.ts';
import { gzipMember, keepCrc } from './gzip-member.ts';
import { newcArchive } from './newc.ts';
import { tarEntries } from './tar-entries.ts';

/** A customisation when the keys of its accounts are looked up: all that the booted system is told. */
export interface ResolvedCustomisation {
  readonly keys: readonly PublicKey[];
  readonly cmdline: ExtraCmdline | undefined;
}

/** The texts by which the booted system is told, the same for every kind, by their names in the folder `customisation`. */
export function customisationTexts({ keys, cmdline }: ResolvedCustomisation): { name: string; text: string }[] {
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
  return [
    { name: 'authorized_keys', text: text(keys) },
    { name: 'cmdline', text: text(cmdline === undefined ? [] : [cmdline]) },
  ];
}

function filesOf(customisation: ResolvedCustomisation) {
  return customisationTexts(customisation).map(({ name, text }) => ({ name, content: new TextEncoder().encode(text) }));
}

/** The customisation as an initrd that is loaded behind another one: a cpio archive with entries for its folders. */
export function customisationInitrd(customisation: ResolvedCustomisation): Uint8Array<ArrayBuffer> {
  const files = filesOf(customisation).filter(({ content }) => content.length > 0);
  return newcArchive([
    { path: 'customisation', folder: true, mode: 0o755 },
    ...files.map(({ name, content }) => ({ path: `customisation/${name}`, content, mode: 0o644 })),
  ]);
}

/** The customisation as it stands in an image's area instead of zeros; undefined when it does not fit. */
export function customisationArea(
  kind: 'iso' | 'kexec',
  length: number,
  customisation: ResolvedCustomisation,
): Uint8Array<ArrayBuffer> | undefined {
  const archive = customisationInitrd(customisation);
  // A tarball is one gzip member, whose CRC stands at its end.
  if (archive.length > (kind === 'kexec' ? length - 4 : length)) return undefined;
  const area = new Uint8Array(length);
  area.set(archive);
  if (kind === 'kexec') keepCrc(area);
  return area;
}

/**
 * The customisation as a gzip member to stand in front of a kexec tarball that has no area, whose folder `kexec/` it adds to. Always all files:
 * unpacked over an older customisation, it must leave none of that one's keys.
 */
export function customisationTarball(customisation: ResolvedCustomisation): Uint8Array<ArrayBuffer> {
  const folder = 'kexec/customisation/';
  const files = filesOf(customisation).map(({ name, content }) => ({ path: `${folder}${name}`, content }));
  return gzipMember(tarEntries([{ path: folder, content: undefined }, ...files]));
}
