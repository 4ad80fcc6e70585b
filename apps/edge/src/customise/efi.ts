import {
  customisationInitrd,
  type EfiImage,
  type File,
  paddingTo,
  parseUnifiedKernelHead,
  type ResolvedCustomisation,
  UNIFIED_KERNEL_ALIGNMENT,
  unifiedKernelHead,
} from '@nixos-images/shared';
import { blobPiece } from '../answers/image.ts';
import type { Blobs } from '../http/blobs.ts';
import { Memory } from '../objects.ts';
import type { Composition } from './composition.ts';

/** Heads as the builder made them, by their digests; a hundred kilobytes each. */
const heads = new Memory<Uint8Array>(10, () => Number.POSITIVE_INFINITY);

/**
 * The EFI file of an image with a customisation: its head says the parameters and a longer initrd, and the customisation stands behind
 * the initrd, as an archive that the kernel unpacks after it.
 */
export async function customisedEfi(
  image: EfiImage,
  { added, commandLine }: { readonly added: ResolvedCustomisation; readonly commandLine: string },
  blobs: Blobs,
): Promise<Composition> {
  const { kernel, initrd } = image.files;
  const stored = parseUnifiedKernelHead(await heads.recall(image.efi.head.sha256, () => read(image.efi.head, blobs)));
  const archive = customisationInitrd(added);
  // An archive that is not compressed begins at a multiple of 4.
  const gap = paddingTo(4, initrd.size);
  const initrdSize = initrd.size + gap + archive.length;
  const head = unifiedKernelHead({ ...stored, commandLine, initrdSize });
  const between = new Uint8Array(paddingTo(UNIFIED_KERNEL_ALIGNMENT, kernel.size));
  const behind = new Uint8Array(gap + archive.length + paddingTo(UNIFIED_KERNEL_ALIGNMENT, initrdSize));
  behind.set(archive, gap);
  return {
    added: joined(head, behind),
    pieces: [
      { from: 'memory', bytes: head },
      blobPiece(kernel),
      { from: 'memory', bytes: between },
      blobPiece(initrd),
      { from: 'memory', bytes: behind },
    ],
  };
}

async function read(file: File, blobs: Blobs): Promise<Uint8Array> {
  return new Uint8Array(await new Response(await blobs.open(blobPiece(file))).arrayBuffer());
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
