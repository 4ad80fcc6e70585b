import type { ResolvedCustomisation } from './customisation.ts';
import { gzipMember, keepCrc } from './gzip-member.ts';
import { newcArchive } from './newc.ts';
import { tarEntries } from './tar-entries.ts';

/** A text by which the booted system is told. */
export interface CustomisationText {
  /** In the folder `customisation`. */
  readonly name: string;
  readonly text: string;
  /** Who may read it. */
  readonly mode: number;
}

/** The texts by which the booted system is told, the same for every kind; empty ones for what the customisation says nothing about. */
export function customisationTexts(customisation: ResolvedCustomisation): CustomisationText[] {
  const { keys, cmdline, hostname, passwordHash } = customisation;
  const lines = (values: readonly (string | undefined)[]) =>
    values.map((value) => (value === undefined ? '' : `${value}\n`)).join('');
  return [
    { name: 'authorized_keys', text: lines(keys), mode: 0o644 },
    { name: 'cmdline', text: lines([cmdline]), mode: 0o644 },
    { name: 'hostname', text: lines([hostname]), mode: 0o644 },
    // Not a kernel parameter: every user can read those.
    { name: 'password-hash', text: lines([passwordHash]), mode: 0o600 },
  ];
}

/** The customisation as an initrd that is loaded behind another one: a cpio archive with entries for its folders. */
export function customisationInitrd(customisation: ResolvedCustomisation): Uint8Array<ArrayBuffer> {
  const texts = customisationTexts(customisation).filter(({ text }) => text !== '');
  return newcArchive([
    { path: 'customisation', folder: true, mode: 0o755 },
    ...texts.map(({ name, text, mode }) => ({ path: `customisation/${name}`, content: bytesOf(text), mode })),
  ]);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
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
 * The keys and the command line of a customisation as a gzip member to stand in front of a kexec tarball that has no area, whose folder
 * `kexec/` it adds to. Always both files: unpacked over an older customisation, it must leave none of that one's keys.
 */
export function customisationTarball(customisation: ResolvedCustomisation): Uint8Array<ArrayBuffer> {
  const folder = 'kexec/customisation/';
  const files = customisationTexts(customisation)
    .filter(({ name }) => name === 'authorized_keys' || name === 'cmdline')
    .map(({ name, text }) => ({ path: `${folder}${name}`, content: bytesOf(text) }));
  return gzipMember(tarEntries([{ path: folder, content: undefined }, ...files]));
}
