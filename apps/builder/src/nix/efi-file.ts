import { open, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type ImageJson,
  NotUnifiedKernel,
  ownCmdlineOf,
  paddingTo,
  preparedStub,
  UNIFIED_KERNEL_ALIGNMENT,
  unifiedKernelHead,
} from '@nixos-images/shared';
import { digestFile, type FileDigest, JoinedDigest, JoinedHasher, readInto } from '../digest.ts';
import { Failure } from '../failure.ts';
import { type HashOptions, recall, remember, writeWhole } from './digest-memory.ts';

type NetbootJson = Extract<ImageJson, { kind: 'netboot' }>;

/** Where the parts of an EFI file are on disk. */
export interface EfiParts {
  readonly kernel: string;
  readonly initrd: string;
  readonly stub: string;
}

/** The EFI file of a netboot image: its head, which is a file of its own, and the whole, which is none. */
export interface EfiFile {
  readonly head: { readonly path: string; readonly digest: FileDigest };
  readonly whole: JoinedDigest;
}

/** More than a kernel's headers take. */
const KERNEL_START = 64 * 1024;

/**
 * Makes the head of a netboot image's EFI file below the state folder, and hashes the whole; what was hashed before is remembered.
 * @throws Failure when the stub cannot be made an EFI file with that kernel.
 */
export async function efiFileOf(
  storePath: string,
  description: NetbootJson,
  parts: EfiParts,
  { state, progress, signal }: HashOptions,
): Promise<EfiFile> {
  const bytes = await headOf(storePath, description, parts);
  const path = join(state, 'heads', basename(storePath));
  await writeWhole(path, bytes);
  const head = { path, digest: await digestFile(path) };

  const memory = join(state, 'digests', `${basename(storePath)}-efi-${head.digest.sha256}.json`);
  const remembered = await recall(memory, JoinedDigest);
  if (remembered !== undefined) return { head, whole: remembered };
  const files = [path, parts.kernel, parts.initrd];
  const sizes = await Promise.all(files.map(sizeOf));
  const size = sizes.reduce((sum, each) => sum + each, 0);
  const task = progress.begin(`hash ${basename(storePath).slice(33)} as one EFI file`, size);
  const hasher = new JoinedHasher();
  try {
    for (const [index, file] of files.entries()) {
      await readInto(hasher, file, { signal, onBytes: task.advance });
      hasher.update(new Uint8Array(paddingTo(UNIFIED_KERNEL_ALIGNMENT, sizes[index] ?? 0)));
    }
  } finally {
    task.drop();
  }
  const whole = hasher.end();
  await remember(memory, whole);
  return { head, whole };
}

async function headOf(storePath: string, description: NetbootJson, parts: EfiParts): Promise<Uint8Array> {
  const [stub, kernelStart, kernelSize, initrdSize] = await Promise.all([
    readFile(parts.stub),
    startOf(parts.kernel),
    sizeOf(parts.kernel),
    sizeOf(parts.initrd),
  ]);
  try {
    return unifiedKernelHead({
      stub: preparedStub(stub, kernelStart),
      osRelease: osReleaseOf(description),
      commandLine: ownCmdlineOf(description),
      kernelSize,
      initrdSize,
    });
  } catch (error) {
    if (!(error instanceof NotUnifiedKernel)) throw error;
    throw new Failure(`The kernel of ${storePath} cannot be made an EFI file with its stub: ${error.message}.`, {
      remedy: 'Give the image another stub in the flake, or none.',
      cause: error,
    });
  }
}

/** What a boot menu shows of the file, and by which systemd-boot takes it for a system at all. */
function osReleaseOf({ smoke, nixpkgs, variant }: NetbootJson): string {
  const name = smoke ? 'SMOKE image (not NixOS)' : 'NixOS';
  return [
    'ID=nixos',
    `NAME="${name}"`,
    `PRETTY_NAME="${name} ${nixpkgs.version}, installer, ${variant}"`,
    'VARIANT_ID=installer',
    `VERSION_ID="${nixpkgs.version}"`,
    '',
  ].join('\n');
}

async function startOf(path: string): Promise<Uint8Array> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(new Uint8Array(KERNEL_START), 0, KERNEL_START, 0);
  return buffer.subarray(0, bytesRead);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}
