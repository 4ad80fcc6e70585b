import { type Customisation, customisationTarball, type Image } from '@nixos-images/shared';
import type { Problem } from '../problem.ts';
import type { ImageDescription } from '../resolve/descriptions.ts';
import { fingerprintOf } from './fingerprint.ts';
import { resolveCustomisation } from './resolve-customisation.ts';

/** Tells whose keys an address installs, and how to hold the rest of the file against the signed digest. */
export async function describeCustomisation(
  image: Image,
  customisation: Customisation,
  githubOrigin: string,
): Promise<NonNullable<ImageDescription['customisation']> | Problem> {
  const additions = await resolveCustomisation(customisation, githubOrigin);
  if ('sentence' in additions) return additions;
  const keys = await Promise.all(additions.keys.map(fingerprintOf));
  const check = (): string => {
    if (image.kind !== 'netboot' && image.customisation !== undefined) {
      const { offset, length } = image.customisation;
      const rest = `tail -c +${offset + length + 1} FILE`;
      return `{ head -c ${offset} FILE; head -c ${length} /dev/zero; ${rest}; } | sha256sum`;
    }
    if (image.kind === 'kexec') return `tail -c +${customisationTarball(additions).length + 1} FILE | sha256sum`;
    return 'Kernel and initrd are not changed.';
  };
  return { keys, cmdline: additions.cmdline ?? null, check: check() };
}
