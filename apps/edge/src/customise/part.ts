import {
  type CustomisedAddress,
  customisationArea,
  customisationInitrd,
  customisationTarball,
  type File,
  gzipMember,
  imageAddress,
  type NetbootImage,
  type ResolvedCustomisation,
} from '@nixos-images/shared';
import type { Sources } from '../answers/answer.ts';
import { blobPiece, noEfiFile, partName, type ResolvedImage } from '../answers/image.ts';
import type { Blobs } from '../http/blobs.ts';
import {
  type About,
  digest,
  type Representation,
  represent,
  representText,
  TEXT_TYPE,
} from '../http/representation.ts';
import { cmdlineOf, lineWords, netbootScript } from '../ipxe/netboot.ts';
import { isProblem, type Problem, problem } from '../problem.ts';
import type { Composition } from './composition.ts';
import { customisedEfi } from './efi.ts';
import { customisedIpxe } from './ipxe.ts';
import { noticeOf, pinnedCustomisation } from './keys.ts';

/** A part of an image with a customisation added; the blob itself is never rewritten, but for the area that an ISO keeps free. */
export async function customisedPart(
  address: CustomisedAddress,
  resolved: ResolvedImage,
  added: ResolvedCustomisation,
  { blobs, settings }: Pick<Sources, 'blobs' | 'settings'>,
): Promise<Representation | Problem> {
  const { part, customisation } = address;
  const { manifest, image, since } = resolved;
  const { PUBLIC_ORIGIN: origin } = settings;
  if (part === 'store') return problem(404, 'A customisation leaves the store as it is: download it without it.');
  const about = {
    name: partName(manifest, image, part, customisation),
    location: imageAddress(image, { ref: manifest.version, part, customisation }),
    modified: since,
    // Accounts change their keys.
    caching: 'revalidate',
  } as const;
  if (image.kind === 'netboot') return netbootPart(address, { ...resolved, image }, added, about, { blobs, origin });
  if (image.kind === 'ipxe') {
    const composition = customisedIpxe(image, { part, customisation, version: manifest.version }, settings);
    return isProblem(composition) ? composition : composed(composition.file, composition, about);
  }
  const file = image.kind === 'kexec' ? image.files.tarball : image.files.iso;
  const area = image.customisation;
  if (area !== undefined) {
    const filled = customisationArea(image.kind, area.length, added);
    if (filled === undefined)
      return problem(400, `The customisation is too large: this image has room for ${area.length} bytes.`);
    return composed(file, inside(file, area.offset, filled), about);
  }
  if (image.kind === 'iso') return problem(404, 'This ISO has no room for a customisation.');
  if (added.hostname !== undefined || added.passwordHash !== undefined)
    return problem(
      404,
      'This tarball is older than host names and passwords in links, and would take no notice of them.',
    );
  return composed(file, inFront(file, customisationTarball(added)), about);
}

type AboutPart = Pick<About, 'name' | 'location' | 'modified' | 'caching'>;

async function netbootPart(
  { part }: CustomisedAddress,
  { manifest, image }: ResolvedImage & { readonly image: NetbootImage },
  added: ResolvedCustomisation,
  about: AboutPart,
  { blobs, origin }: { readonly blobs: Blobs; readonly origin: string | undefined },
): Promise<Representation | Problem> {
  const commandLine = [cmdlineOf(manifest, image, origin), added.cmdline]
    .filter((words) => words !== undefined)
    .join(' ');
  if (part === 'efi') {
    if (image.efi === undefined) return noEfiFile(manifest, image);
    const composition = await customisedEfi({ ...image, efi: image.efi }, { added, commandLine }, blobs);
    return composed(image.efi.whole, composition, about);
  }
  if (part === 'customisation') {
    // Compressed, because old UEFI builds of iPXE join initrds without the padding that an uncompressed cpio needs in front.
    const bytes = gzipMember(customisationInitrd(added));
    const mediaType = 'application/octet-stream';
    return represent([{ from: 'memory', bytes }], { ...about, mediaType, sha256: await digest(bytes) });
  }
  if (part === 'script') {
    const pinned = pinnedCustomisation(added);
    if (isProblem(pinned)) return pinned;
    const words = lineWords(image.arch, added.cmdline);
    if (words === undefined)
      return problem(
        400,
        "cmdline: has more for the kernel alone than fits on an iPXE script's line for aarch64, where some builds of iPXE hang. The ISO takes it.",
      );
    const extra = {
      address: imageAddress(image, { ref: manifest.version, part: 'customisation', customisation: pinned }),
      cmdline: words,
      notice: await noticeOf(added),
    };
    return representText(netbootScript(manifest, image, origin, extra), { ...about, mediaType: TEXT_TYPE });
  }
  if (part === 'cmdline') return representText(`${commandLine}\n`, { ...about, mediaType: TEXT_TYPE });
  return problem(404, `A customisation leaves this part (${part}) as it is: download it without.`, [
    imageAddress(image, { ref: manifest.version, part }),
  ]);
}

function inFront(file: File, added: Uint8Array<ArrayBuffer>): Composition {
  return { added, pieces: [{ from: 'memory', bytes: added }, blobPiece(file)] };
}

function inside(file: File, offset: number, added: Uint8Array<ArrayBuffer>): Composition {
  const end = offset + added.length;
  return {
    added,
    pieces: [
      { ...blobPiece(file), range: { offset: 0, length: offset } },
      { from: 'memory', bytes: added },
      { ...blobPiece(file), range: { offset: end, length: file.size - end } },
    ],
  };
}

/** The bytes are never all in one place, so their tag is made of what they are composed of, and their digest is not told. */
async function composed(
  { sha256, mediaType }: File,
  { added, pieces }: Composition,
  about: AboutPart,
): Promise<Representation> {
  const recipe = await digest(Uint8Array.from(new TextEncoder().encode(`${sha256} ${await digest(added)}`)));
  return represent(pieces, { ...about, mediaType, sha256: recipe }, 'recipe');
}
