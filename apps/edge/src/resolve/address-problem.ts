import {
  type AddressProblem,
  ARCHES,
  ASSET_NAMES,
  aliasesOf,
  type Catalog,
  channelsOf,
  KINDS,
  shortAddress,
  suffixesOf,
} from '@nixos-images/shared';
import { type Problem, problem, quote } from '../problem.ts';
import { unknownVersion } from './release.ts';

/** Says what is wrong with an address and what would be right. */
export function addressProblem(fault: AddressProblem, catalog: Catalog): Problem {
  const given = quote('given' in fault ? fault.given : '');
  switch (fault.reason) {
    case 'unreadable':
      return problem(400, 'This address cannot be read: it has a character or a percent escape that no address has.');
    case 'kind':
      return problem(404, `There is nothing${given} here. These addresses exist:`, someAddresses(catalog));
    case 'ref':
      return problem(404, `There is no channel or version${given}. These exist:`, aliasesOf(channelsOf(catalog)));
    case 'arch':
      return problem(
        404,
        `There is no architecture${given}. These exist:`,
        ARCHES.map((arch) => `/${fault.kind}/${arch}`),
      );
    case 'variant': {
      const images = Object.values(catalog.channels).flatMap(({ current }) => current.images);
      const variants = images.filter(({ kind, arch }) => kind === fault.kind && arch === fault.arch).map(shortAddress);
      return problem(404, `There is no variant${given}. These exist:`, [...new Set(variants)].toSorted());
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
    case 'version':
      return unknownVersion(fault.given, catalog);
    case 'asset':
      return problem(404, `There is no file${given} in a release. These exist:`, ASSET_NAMES);
    case 'customisation':
      return problem(400, `The customisation in this address cannot be read: ${fault.why}.`);
  }
}

function someAddresses(catalog: Catalog): string[] {
  const images = Object.values(catalog.channels).flatMap(({ current }) => current.images);
  const existing = [...new Set(images.map(shortAddress))].toSorted();
  return [
    '/',
    '/boot.ipxe',
    ...(existing.length > 0 ? existing : KINDS.map((kind) => `/${kind}/${ARCHES[0]}`)),
    '/releases/',
  ];
}
