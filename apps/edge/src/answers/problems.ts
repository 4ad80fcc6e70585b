import {
  type AddressProblem,
  ARCHES,
  ASSET_NAMES,
  type Catalog,
  type CatalogStage,
  compareImageIds,
  formatAddress,
  type Image,
  type ImageId,
  KINDS,
  type Manifest,
  namesOf,
  shortAddress,
  stagedChannels,
  suffixesOf,
  versionsOf,
} from '@nixos-images/shared';
import type { Reading } from '../catalog.ts';
import { BlobUnavailable } from '../http/blobs.ts';
import { type Problem, problem, quote } from '../problem.ts';

/** What a method gets that does nothing here. */
export function unknownMethod(method: string): Problem {
  return problem(405, `${method.replace(/[^A-Z]/g, '')} does not work here; use GET or HEAD.`);
}

/** What a path gets that cannot be read. */
export function unreadablePath(): Problem {
  return problem(400, 'This address cannot be read: it has a character or a percent escape that no address has.');
}

/** What everything gets as long as there is no release. */
export function nothingPublished(): Problem {
  return problem(503, 'Nothing is published here yet.');
}

/** What everything gets without a catalog. */
export function noCatalog(state: Reading['state']): Problem {
  if (state === 'empty') return nothingPublished();
  if (state === 'unreadable') {
    return problem(503, 'The catalog in the bucket is not one that this server understands; /healthz says why.');
  }
  return bucketUnreachable();
}

/** What an error looks like from outside: never its own words. */
export function failure(error: unknown): Problem {
  if (!(error instanceof BlobUnavailable))
    return problem(500, 'Something went wrong here; it has been noted. Please try again later.');
  if (error.why === 'unreachable') return bucketUnreachable();
  return problem(502, 'The bucket does not have this file as its release describes it; it has been noted.');
}

function bucketUnreachable(): Problem {
  return problem(503, 'The bucket cannot be read just now; please try again in a minute.');
}

/** Says what is wrong with an address and what would be right. */
export function noSuchAddress(fault: AddressProblem, catalog: Catalog): Problem {
  const given = quote(fault.given);
  switch (fault.reason) {
    case 'kind':
      return problem(404, `There is nothing${given} here. These addresses exist:`, someAddresses(catalog));
    case 'ref':
      return problem(404, `There is no channel or version${given}. These exist:`, namesIn(catalog));
    case 'arch':
      return problem(
        404,
        `There is no architecture${given}. These exist:`,
        ARCHES.map((arch) => `/${fault.kind}/${arch}`),
      );
    case 'variant': {
      const { kind, arch } = fault;
      const images = currentImages(catalog).filter((image) => image.kind === kind && image.arch === arch);
      return problem(404, `There is no variant${given}. These exist:`, shortAddresses(images));
    }
    case 'suffix': {
      const whole = suffixesOf(fault.kind).map((suffix) => `/${fault.kind}/${ARCHES[0]}${suffix}`);
      const parts =
        fault.kind === 'netboot' ? ['kernel', 'initrd', 'cmdline'].map((part) => `/netboot/${ARCHES[0]}/${part}`) : [];
      return problem(404, `A ${fault.kind} address does not end in${given || ' that'}. These exist:`, [
        ...whole,
        ...parts,
      ]);
    }
    case 'customisation':
      return problem(400, `The customisation in this address cannot be read: ${fault.why}.`);
  }
}

/** What an alias, a channel or a version gets that does not exist. */
export function noSuchRef(ref: string, catalog: Catalog): Problem {
  const versions = versionsOf(catalog).map(({ version }) => version);
  return problem(404, `There is no channel or version${quote(ref)}. These exist:`, [
    ...namesIn(catalog),
    ...versions.slice(0, 20),
  ]);
}

/** What the name of a channel gets that should no longer be installed. */
export function withdrawn({ channel, entry: { state } }: CatalogStage, catalog: Catalog): Problem {
  const why = state.status === 'live' ? '' : `: ${state.reason.replace(/[^ -~]/g, '').replace(/\.$/, '')}`;
  return problem(410, `${channel} is withdrawn${why}. These are not:`, namesIn(catalog));
}

function namesIn(catalog: Catalog): string[] {
  return namesOf(stagedChannels(catalog, Date.now()));
}

/** What a version gets that has no manifest. */
export function noSuchVersion(given: string, catalog: Catalog): Problem {
  const versions = versionsOf(catalog).map(({ version }) => formatAddress({ type: 'release', version }));
  return problem(404, `There is no release${quote(given)}. These exist:`, versions.slice(0, 20));
}

/** What an image gets that a release does not have. */
export function noSuchImage({ version, images }: Manifest, { kind, arch, variant }: ImageId): Problem {
  const ofKind = images.filter((image) => image.kind === kind);
  const ofArch = ofKind.filter((image) => image.arch === arch);
  if (ofKind.length === 0)
    return problem(404, `Release ${version} has no ${kind} image. It has these:`, shortAddresses(images));
  if (ofArch.length === 0)
    return problem(404, `Release ${version} has no ${kind} image for ${arch}. It has these:`, shortAddresses(ofKind));
  return problem(
    404,
    `The ${kind} image for ${arch} of release ${version} has no variant${quote(variant)}. It has these:`,
    shortAddresses(ofArch),
  );
}

/** What the name of a GitHub release's asset gets that is none. */
export function noSuchAsset(given: string): Problem {
  return problem(404, `There is no file${quote(given)} in a release. These exist:`, ASSET_NAMES);
}

function someAddresses(catalog: Catalog): string[] {
  const existing = shortAddresses(currentImages(catalog));
  return [
    '/',
    '/boot.ipxe',
    ...(existing.length > 0 ? existing : KINDS.map((kind) => `/${kind}/${ARCHES[0]}`)),
    formatAddress({ type: 'releases' }),
  ];
}

function currentImages(catalog: Catalog): Image[] {
  return Object.values(catalog.channels).flatMap(({ current }) => current.images);
}

function shortAddresses(images: readonly ImageId[]): string[] {
  return [...new Set(images.toSorted(compareImageIds).map(shortAddress))];
}
