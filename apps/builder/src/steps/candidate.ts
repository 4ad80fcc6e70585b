import {
  File,
  type FileIdentity,
  fileName,
  filesOf,
  type Image,
  IPXE_ROLES,
  imageIdOf,
  type Manifest,
  mediaTypeOf,
  type Nixpkgs,
  type Role,
  type Time,
  type Version,
  versionOf,
} from '@nixos-images/shared';
import * as v from 'valibot';
import type { JoinedDigest } from '../digest.ts';
import { EXIT, Failure } from '../failure.ts';
import type { BuiltImage } from '../nix/output.ts';
import type { ReleaseDraft } from '../store/draft.ts';
import type { ChannelPlan } from './plan.ts';

/** An image of a release in the making: newly built, or kept from the current release. */
export type CandidateImage =
  | { readonly source: 'built'; readonly built: BuiltImage }
  | { readonly source: 'kept'; readonly kept: Image };

/** A release in the making: all but its version and time. */
export interface Candidate {
  readonly channel: Manifest['channel'];
  readonly smoke: boolean;
  readonly nixpkgs: Nixpkgs;
  readonly images: readonly CandidateImage[];
}

/**
 * Puts the images of a channel together.
 * @throws Failure when they do not belong into one release.
 */
export function composeCandidate(plan: ChannelPlan, built: readonly BuiltImage[]): Candidate {
  const [first] = plan.images;
  if (first === undefined) throw new Failure(`${plan.channel} has no images.`, { exitCode: EXIT.usage });
  const { smoke, nixpkgs } = first.evaluated.facts;
  for (const { evaluated } of plan.images) {
    const { facts } = evaluated;
    if (
      facts.smoke !== smoke ||
      facts.nixpkgs.version !== nixpkgs.version ||
      facts.nixpkgs.revision !== nixpkgs.revision
    ) {
      throw new Failure(
        `The images of ${plan.channel} are made of different nixpkgs: ${facts.nixpkgs.version} and ${nixpkgs.version}.`,
        {
          remedy: 'Make all images of a channel from one nixpkgs in the flake.',
        },
      );
    }
  }
  const images = plan.images.map(({ evaluated, kept }): CandidateImage => {
    if (kept !== undefined) return { source: 'kept', kept };
    const found = built.find((image) => image.evaluated.derivation === evaluated.derivation);
    if (found === undefined) throw new Failure(`${evaluated.derivation} was not built.`);
    return { source: 'built', built: found };
  });
  return { channel: plan.channel, smoke, nixpkgs, images };
}

/** The release that a candidate makes, ready to be published. */
export function draftOf(candidate: Candidate): ReleaseDraft {
  return {
    channel: candidate.channel,
    blobs: candidate.images.flatMap((image) => (image.source === 'built' ? image.built.files : [])),
    manifestFor: (number, published) => manifestOf(candidate, versionOf(candidate.nixpkgs.version, number), published),
  };
}

/** The manifest of a candidate under a version. */
function manifestOf(candidate: Candidate, version: Version, published: Time): Manifest {
  const { channel, smoke, nixpkgs } = candidate;
  const images = candidate.images.map((image) => {
    const id = imageIdOf(image.source === 'built' ? image.built.description : image.kept);
    const identity = { smoke, ...id, version };
    return image.source === 'built' ? builtImage(image.built, identity) : renamed(image.kept, identity);
  });
  return { schema: 1, version, channel, smoke, published, nixpkgs, images };
}

type ImageIdentity = Omit<FileIdentity, 'part'>;

function builtImage({ evaluated, description, files, efi, menu }: BuiltImage, identity: ImageIdentity): Image {
  const { arch, variant, kernelVersion } = description;
  const { storePath, derivation } = evaluated;
  const common = { arch, variant, origin: { from: 'nix' as const, storePath, derivation, kernelVersion } };
  const described = (part: Role, { size, sha256 }: JoinedDigest): File =>
    v.parse(File, { name: fileName({ ...identity, part }), size, sha256, mediaType: mediaTypeOf(part) });
  const file = (role: Role): File => {
    const found = files.find((candidate) => candidate.role === role);
    if (found === undefined) throw new Failure(`${evaluated.storePath} lacks its ${role}.`);
    return described(role, found.digest);
  };
  switch (description.kind) {
    case 'kexec':
      return {
        ...common,
        kind: 'kexec',
        files: { tarball: file('tarball'), ...(description.files.store && { store: file('store') }) },
        ...(description.unpacked && { unpacked: description.unpacked }),
        ...(description.customisation === undefined ? {} : { customisation: description.customisation }),
      };
    case 'iso':
      return { ...common, kind: 'iso', files: { iso: file('iso') }, customisation: description.customisation };
    case 'netboot':
      return {
        ...common,
        kind: 'netboot',
        files: {
          kernel: file('kernel'),
          initrd: file('initrd'),
          ...(description.files.store && { store: file('store') }),
        },
        init: description.init,
        kernelParams: description.kernelParams,
        ...(description.unpacked && { unpacked: description.unpacked }),
        ...(efi === undefined ? {} : { efi: { head: file('head'), whole: described('efi', efi) } }),
      };
    case 'ipxe': {
      const more = IPXE_ROLES.filter((role) => description.files[role] !== undefined);
      return {
        ...common,
        kind: 'ipxe',
        files: { efi: file('efi'), ...Object.fromEntries(more.map((role) => [role, file(role)])) },
        address: description.address,
        ...(menu && { menu }),
      };
    }
  }
}

function renamed(image: Image, identity: ImageIdentity): Image {
  const name = (part: Role) => fileName({ ...identity, part });
  switch (image.kind) {
    case 'kexec': {
      const { tarball, store } = image.files;
      return {
        ...image,
        files: {
          tarball: { ...tarball, name: name('tarball') },
          ...(store && { store: { ...store, name: name('store') } }),
        },
      };
    }
    case 'iso':
      return { ...image, files: { iso: { ...image.files.iso, name: name('iso') } } };
    case 'netboot': {
      const { kernel, initrd, store } = image.files;
      const { efi } = image;
      return {
        ...image,
        files: {
          kernel: { ...kernel, name: name('kernel') },
          initrd: { ...initrd, name: name('initrd') },
          ...(store && { store: { ...store, name: name('store') } }),
        },
        ...(efi && { efi: { head: { ...efi.head, name: name('head') }, whole: { ...efi.whole, name: name('efi') } } }),
      };
    }
    case 'ipxe': {
      const renamedFiles = filesOf(image).map(({ role, file }) => [role, { ...file, name: name(role) }]);
      return { ...image, files: { ...image.files, ...Object.fromEntries(renamedFiles) } };
    }
  }
}
