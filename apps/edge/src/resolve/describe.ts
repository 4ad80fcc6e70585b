import type { BootRecord, Image } from '@nixos-images/shared';
import { JSON_TYPE, representText } from '../http/represent.ts';
import type { Representation } from '../http/representation.ts';
import type { Problem } from '../problem.ts';
import type { Sources } from './answer.ts';
import { bootRecordOf } from './boot-record.ts';
import type { ImageDescription } from './descriptions.ts';
import { pinnedAddress } from './image.ts';
import type { Meant } from './image-answer.ts';

/** Tells in JSON what an address gives; `about` is about the answer itself. */
export async function representDescription(
  { release: { manifest }, image, part, customisation }: Meant,
  file: ImageDescription['file'],
  about: { readonly name: string; readonly pinned: string },
  sources: Sources,
): Promise<Representation | Problem> {
  const { snapshot, settings } = sources;
  const { channel, version, smoke, published, nixpkgs } = manifest;
  const { kind, arch, variant, origin } = image;
  const boot = await bootRecordOf(manifest, sources);
  let added: ImageDescription['customisation'] = null;
  if (customisation !== undefined) {
    const { describeCustomisation } = await import('../customise/describe-customisation.ts');
    const described = await describeCustomisation(image, customisation, settings.GITHUB_ORIGIN);
    if ('sentence' in described) return described;
    added = described;
  }
  const description: ImageDescription = {
    pinned: pinnedAddress(manifest, image, part, customisation),
    kind,
    arch,
    variant,
    channel,
    state: snapshot.catalog.channels[channel]?.state ?? null,
    version,
    smoke,
    published,
    nixpkgs: nixpkgs ?? null,
    origin,
    file,
    customisationArea: image.kind === 'netboot' ? null : (image.customisation ?? null),
    customisation: added,
    boot: boot === undefined ? null : describeBoot(boot, image),
  };
  return representText(`${JSON.stringify(description, null, 2)}\n`, {
    ...about,
    // The boot record and the end of a channel may come later than the release.
    modified: Math.max(Date.parse(snapshot.catalog.updated), boot === undefined ? 0 : Date.parse(boot.time)),
    mediaType: JSON_TYPE,
    lasting: 'until-asked',
  });
}

function describeBoot(boot: BootRecord, image: Image): ImageDescription['boot'] {
  if (boot.gate === 'skipped') return { time: boot.time, skipped: boot.reason, tools: {}, tests: [] };
  const tests = boot.tests
    .filter(({ kind, arch, variant }) => kind === image.kind && arch === image.arch && variant === image.variant)
    .map((test) => ({
      path: test.path,
      outcome: test.outcome,
      seconds: test.outcome === 'booted' ? test.seconds : null,
      reason: test.outcome === 'booted' ? null : test.reason,
    }));
  return { time: boot.time, skipped: null, tools: boot.tools, tests };
}
