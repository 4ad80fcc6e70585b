import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  ImageJson,
  IPXE_ROLES,
  type IpxeRole,
  MalformedJson,
  type MenuAddress,
  parseJson,
  type Role,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { digestFile, FileDigest, type JoinedDigest } from '../digest.ts';
import { Failure } from '../failure.ts';
import { type HashOptions, recall, remember } from './digest-memory.ts';
import { efiFileOf } from './efi-file.ts';
import type { EvaluatedImage } from './evaluate.ts';
import { ipxeFilesOf, menuOf } from './ipxe-files.ts';

/** A file of a built image. */
export interface BuiltFile {
  readonly role: Role;
  /** On disk. */
  readonly path: string;
  readonly digest: FileDigest;
}

/** A built image, looked at: what it says of itself, and its files with their hashes. */
export interface BuiltImage {
  readonly evaluated: EvaluatedImage;
  readonly description: ImageJson;
  readonly files: readonly BuiltFile[];
  /** The EFI file that is joined out of them; undefined for images that have none. */
  readonly efi: JoinedDigest | undefined;
  /** That iPXE goes on at; undefined for other images, and where none was written into it. */
  readonly menu: MenuAddress | undefined;
}

/** A built image that was looked at, but not read: its files by their path inside the output, with their sizes in bytes. */
export interface DescribedImage {
  readonly evaluated: EvaluatedImage;
  readonly description: ImageJson;
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * Reads an output's `image.json` and looks for its files.
 * @throws Failure when the output is not what its package promised.
 */
export async function describeImage(evaluated: EvaluatedImage): Promise<DescribedImage> {
  const { storePath } = evaluated;
  const description = await readDescription(evaluated);
  const sizes = new Map<string, number>();
  for (const path of Object.values(description.files)) {
    if (path === undefined) continue;
    const facts = await stat(join(storePath, path)).catch(() => undefined);
    if (!facts?.isFile()) {
      throw new Failure(`${storePath}/image.json names ${path}, which is no file there.`, {
        remedy: 'Correct the image in the flake and build it again.',
      });
    }
    sizes.set(path, facts.size);
  }
  return { evaluated, description, sizes };
}

/** Hashes the files of an image; what was hashed before is remembered. */
export async function hashImage(
  { evaluated, description, sizes }: DescribedImage,
  options: HashOptions,
): Promise<BuiltImage> {
  const { storePath } = evaluated;
  if (description.kind === 'ipxe') {
    const files = await ipxeFilesOf(storePath, description, ipxePathsOf(description), options);
    return { evaluated, description, files, efi: undefined, menu: menuOf(options.edge) };
  }
  const digests = await digestsOf(storePath, sizes, options);
  const files = rolesOf(description).map(({ role, path }) => {
    const digest = digests[path];
    if (digest === undefined) throw new Failure(`${join(storePath, path)} was not hashed.`);
    return { role, path: join(storePath, path), digest };
  });
  if (description.kind !== 'netboot' || description.files.stub === undefined)
    return { evaluated, description, files, efi: undefined, menu: undefined };
  const { kernel, initrd, stub } = description.files;
  const paths = { kernel: join(storePath, kernel), initrd: join(storePath, initrd), stub: join(storePath, stub) };
  const { head, whole } = await efiFileOf(storePath, description, paths, options);
  return { evaluated, description, files: [...files, { role: 'head', ...head }], efi: whole, menu: undefined };
}

async function readDescription({ storePath, facts }: EvaluatedImage): Promise<ImageJson> {
  const path = join(storePath, 'image.json');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Failure(`The output ${storePath} has no image.json.`, {
      remedy: 'If the path is gone, build again; otherwise the flake package must write one (docs/publishing.md).',
      cause,
    });
  });
  let description: ImageJson;
  try {
    description = parseJson(ImageJson, text, path);
  } catch (error) {
    if (!(error instanceof MalformedJson)) throw error;
    throw new Failure(`${error.message}.`, {
      remedy: 'Correct the image in the flake and build it again.',
      cause: error,
    });
  }
  const promised = [facts.kind, facts.arch, facts.variant, facts.channel, facts.smoke, facts.nixpkgs.version];
  const { kind, arch, variant, channel, smoke, nixpkgs } = description;
  const [first] = [kind, arch, variant, channel, smoke, nixpkgs.version].filter(
    (value, index) => value !== promised[index],
  );
  if (first !== undefined) {
    throw new Failure(`${path} says ${JSON.stringify(first)}, and the package's \`image\` attribute says otherwise.`, {
      remedy: 'Make both say the same in the flake, and build again.',
    });
  }
  return description;
}

function rolesOf(description: ImageJson): { role: Role; path: string }[] {
  switch (description.kind) {
    case 'kexec':
      return [{ role: 'tarball', path: description.files.tarball }, ...storeOf(description.files)];
    case 'iso':
      return [{ role: 'iso', path: description.files.iso }];
    case 'netboot':
      return [
        { role: 'kernel', path: description.files.kernel },
        { role: 'initrd', path: description.files.initrd },
        ...storeOf(description.files),
      ];
    case 'ipxe':
      return ipxePathsOf(description);
  }
}

function ipxePathsOf({ files }: Extract<ImageJson, { kind: 'ipxe' }>): { role: IpxeRole; path: string }[] {
  return IPXE_ROLES.flatMap((role) => {
    const path = files[role];
    return path === undefined ? [] : [{ role, path }];
  });
}

function storeOf({ store }: { readonly store?: string | undefined }): { role: Role; path: string }[] {
  return store === undefined ? [] : [{ role: 'store', path: store }];
}

const Digests = v.record(v.string(), FileDigest);

/** Hashes of an output's files by path; a store path never changes, so they are remembered by its name. */
async function digestsOf(
  storePath: string,
  sizes: ReadonlyMap<string, number>,
  { state, progress, signal }: HashOptions,
): Promise<Readonly<Record<string, FileDigest>>> {
  const memory = join(state, 'digests', `${basename(storePath)}.json`);
  const remembered = await recall(memory, Digests);
  if (remembered !== undefined && [...sizes].every(([path, size]) => remembered[path]?.size === size))
    return remembered;
  const digests: Record<string, FileDigest> = {};
  for (const [path, size] of sizes) {
    const task = progress.begin(`hash ${basename(storePath).slice(33)}/${path}`, size);
    try {
      digests[path] = await digestFile(join(storePath, path), { signal, onBytes: task.advance });
    } finally {
      task.drop();
    }
  }
  await remember(memory, digests);
  return digests;
}
