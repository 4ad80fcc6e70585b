import {
  type Customisation,
  customisationArea,
  customisationInitrd,
  customisationTarball,
  type File,
  gzipMember,
  type Image,
  type Manifest,
  type Part,
  type ResolvedCustomisation,
} from '@nixos-images/shared';
import { digest, represent, representText, TEXT_TYPE } from '../http/represent.ts';
import type { Piece, Representation } from '../http/representation.ts';
import { cmdlineOf, netbootScript } from '../ipxe/netboot-script.ts';
import { type Problem, problem } from '../problem.ts';
import { partName, pinnedAddress } from '../resolve/image.ts';
import { fingerprintOf } from './fingerprint.ts';
import { resolveCustomisation } from './resolve-customisation.ts';

/** What is customised, and how. */
export interface CustomisedPart {
  readonly manifest: Manifest;
  readonly image: Image;
  readonly part: Part;
  readonly customisation: Customisation;
  /** Milliseconds since 1970 at which the address began to give this release. */
  readonly since: number;
}

/** A part of an image with a customisation added; the blob itself is never rewritten, but for the area that an ISO keeps free. */
export async function customisedPart(wanted: CustomisedPart, githubOrigin: string): Promise<Representation | Problem> {
  const { image, part, customisation } = wanted;
  const additions = await resolveCustomisation(customisation, githubOrigin);
  if ('sentence' in additions) return additions;
  if (image.kind === 'netboot') return netbootPart(wanted, image, part, additions);
  const file = image.kind === 'kexec' ? image.files.tarball : image.files.iso;
  const area = image.customisation;
  if (area !== undefined) {
    const filled = customisationArea(image.kind, area.length, additions);
    if (filled === undefined)
      return problem(400, `The customisation is too large: this image has room for ${area.length} bytes.`);
    return composed(wanted, file, inside(file, area.offset, filled));
  }
  if (image.kind === 'iso') return problem(404, 'This ISO has no room for a customisation.');
  return composed(wanted, file, inFront(file, customisationTarball(additions)));
}

async function netbootPart(
  wanted: CustomisedPart,
  image: Extract<Image, { kind: 'netboot' }>,
  part: Part,
  additions: ResolvedCustomisation,
): Promise<Representation | Problem> {
  const { manifest, customisation } = wanted;
  const about = aboutOf(wanted);
  if (part === 'customisation') {
    // Compressed, because old UEFI builds of iPXE join initrds without the padding that an uncompressed cpio needs in front.
    const bytes = gzipMember(customisationInitrd(additions));
    const mediaType = 'application/octet-stream';
    return represent([{ from: 'memory', bytes }], { ...about, mediaType, sha256: await digest(bytes) });
  }
  if (part === 'script') {
    const whose = await Promise.all(additions.keys.map(fingerprintOf));
    const notice = whose.map(({ type, fingerprint, comment }) => `root login for ${type} ${fingerprint} ${comment}`);
    const extra = {
      address: pinnedAddress(manifest, image, 'customisation', customisation),
      cmdline: additions.cmdline,
      notice,
    };
    return representText(netbootScript(manifest, image, extra), { ...about, mediaType: TEXT_TYPE });
  }
  if (part === 'cmdline') {
    const text = [cmdlineOf(image), additions.cmdline].filter((words) => words !== undefined).join(' ');
    return representText(`${text}\n`, { ...about, mediaType: TEXT_TYPE });
  }
  return problem(404, 'A customisation leaves kernel and initrd as they are: download them without it.', [
    pinnedAddress(manifest, image, part),
  ]);
}

function aboutOf({ manifest, image, part, customisation, since }: CustomisedPart) {
  return {
    name: `customised-${partName(manifest, image, part)}`,
    pinned: pinnedAddress(manifest, image, part, customisation),
    modified: since,
    // Accounts change their keys.
    lasting: 'until-asked',
  } as const;
}

/** What comes before or into a blob, and the pieces of the whole. */
interface Composition {
  readonly added: Uint8Array<ArrayBuffer>;
  readonly pieces: readonly Piece[];
}

function inFront(file: File, added: Uint8Array<ArrayBuffer>): Composition {
  return { added, pieces: [{ from: 'memory', bytes: added }, blobPiece(file, 0, file.size)] };
}

function inside(file: File, offset: number, added: Uint8Array<ArrayBuffer>): Composition {
  const end = offset + added.length;
  return {
    added,
    pieces: [blobPiece(file, 0, offset), { from: 'memory', bytes: added }, blobPiece(file, end, file.size - end)],
  };
}

function blobPiece({ sha256, size }: File, offset: number, length: number): Piece {
  return { from: 'blob', sha256, size, range: { offset, length } };
}

/** The bytes are never all in one place, so their tag is made of what they are composed of, and their digest is not told. */
async function composed(wanted: CustomisedPart, file: File, { added, pieces }: Composition): Promise<Representation> {
  const recipe = new TextEncoder().encode(`${file.sha256} ${await digest(added)}`);
  const sha256 = await digest(Uint8Array.from(recipe));
  return represent(pieces, { ...aboutOf(wanted), mediaType: file.mediaType, sha256 }, 'recipe');
}
