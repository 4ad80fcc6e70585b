import {
  type BootRecord,
  type Image,
  type ImageAddress,
  isSameImage,
  type Manifest,
  stageOf,
} from '@nixos-images/shared';
import { JSON_TYPE, type Representation, representText } from '../http/representation.ts';
import { findBootRecord } from '../objects.ts';
import { NAMELESS, type Step, serverAt, stepsTo } from '../ways/way.ts';
import type { Sources } from './answer.ts';
import type { ImageDescription } from './descriptions.ts';

/** What is described. */
export interface Described {
  readonly manifest: Manifest;
  readonly image: Image;
  /** As the address has them: so do those of the ways in. */
  readonly ref: ImageAddress['ref'];
  readonly customisation: ImageAddress['customisation'];
  readonly file: ImageDescription['file'];
  /** The pinned address of it. */
  readonly location: string;
  readonly customised: ImageDescription['customisation'];
}

/** Tells in JSON what an address gives; `about` is about the answer itself. */
export async function describeImage(
  { manifest, image, ref, customisation, file, location, customised }: Described,
  about: { readonly name: string; readonly location: string },
  { snapshot: { catalog }, read, settings: { PUBLIC_ORIGIN } }: Sources,
): Promise<Representation> {
  const { channel, version, smoke, published, nixpkgs } = manifest;
  const entry = catalog.channels[channel];
  const { kind, arch, variant, origin } = image;
  // What is answered is remembered for everybody, by whichever name they asked.
  const server = PUBLIC_ORIGIN === undefined ? NAMELESS : serverAt(PUBLIC_ORIGIN);
  const boot = await findBootRecord(version, read);
  const description: ImageDescription = {
    pinned: location,
    kind,
    arch,
    variant,
    channel,
    stage: entry === undefined ? null : stageOf(entry, Date.now()),
    state: entry?.state ?? null,
    version,
    smoke,
    published,
    nixpkgs: nixpkgs ?? null,
    origin,
    file,
    customisationArea: image.kind === 'netboot' || image.kind === 'ipxe' ? null : (image.customisation ?? null),
    customisation: customised,
    boot: boot === undefined ? null : describeBoot(boot, image),
    ways: stepsTo({ manifest, image, ref, customisation, server }).map(describeStep),
  };
  return representText(`${JSON.stringify(description, null, 2)}\n`, {
    ...about,
    // The boot record and the end of a channel may come later than the release.
    modified: Math.max(Date.parse(catalog.updated), boot === undefined ? 0 : Date.parse(boot.time)),
    mediaType: JSON_TYPE,
    caching: 'revalidate',
  });
}

function describeBoot(boot: BootRecord, image: Image): ImageDescription['boot'] {
  if (boot.gate === 'skipped') return { time: boot.time, skipped: boot.reason, tools: {}, tests: [] };
  const tests = boot.tests
    .filter((test) => isSameImage(test, image))
    .map((test) => ({
      path: test.path,
      outcome: test.outcome,
      seconds: test.outcome === 'booted' ? test.seconds : null,
      reason: test.outcome === 'booted' ? null : test.reason,
    }));
  return { time: boot.time, skipped: null, tools: boot.tools, tests };
}

function describeStep({
  way: { name, have, title, where, firmware },
  address,
  line,
}: Step): ImageDescription['ways'][number] {
  return { name, have, title, where, firmware: firmware ?? null, address, line };
}
