import {
  ARCHES,
  type Arch,
  byInterest,
  defaultVariant,
  filesOf,
  formatMemory,
  type Image,
  type ImageAddress,
  KINDS,
  type Kind,
  type Manifest,
  memoryNeeded,
  releaseKey,
  WHOLE_PART,
} from '@nixos-images/shared';
import type { Sources } from '../answers/answer.ts';
import { resolveImage } from '../answers/image.ts';
import { customisedOriginOf, originOf } from '../answers/origin.ts';
import { fingerprintOf, type KeyFingerprint } from '../customise/keys.ts';
import { isProblem, type Problem } from '../problem.ts';
import { type Have, kindFor, kindsFor, type Step, serverAt, stepsTo } from '../ways/way.ts';
import type { Choice, Fault, Filled } from './choice.ts';
import { type Evidence, evidenceOf, type Unreadable } from './evidence.ts';
import { publicKeyOf } from './signer.ts';

/** A variant that may be chosen. */
export interface VariantOption {
  readonly image: Image;
  /** What an address without a variant gives. */
  readonly byDefault: boolean;
  /** Bytes. */
  readonly size: number;
  /** MiB; undefined where it makes no difference. */
  readonly memory: number | undefined;
}

/** A way with what keeps this machine from taking it. */
export interface OfferedStep extends Step {
  readonly hindrance: string | undefined;
}

/** The image that the first way leads to, and what is known of it. */
export interface Found {
  readonly manifest: Manifest;
  readonly image: Image;
  readonly steps: readonly OfferedStep[];
  readonly boot: Evidence;
  /** The public key, where the release's checksums are signed by it. */
  readonly signedBy: string | Unreadable | undefined;
  /** Whose keys are let in, as far as the address itself says. */
  readonly keys: readonly KeyFingerprint[];
  /** Why the machine has too little memory for it. */
  readonly shortage: string | undefined;
}

/** Everything that the front page's form and its result are made of. */
export interface Guide {
  readonly filled: Filled;
  readonly origin: string;
  /** Undefined where customised addresses are not answered. */
  readonly customisedOrigin: string | undefined;
  /** Of what can be had: no image, no way. */
  readonly haves: readonly Have[];
  readonly arches: readonly Arch[];
  readonly variants: readonly VariantOption[];
  readonly faults: readonly Fault[];
  /** Undefined where something is wrong. */
  readonly found: Found | undefined;
}

/** Works out what a choice leads to. */
export async function guideTo(filled: Filled, haves: readonly Have[], sources: Sources): Promise<Guide> {
  const { choice } = filled;
  const origin = originOf(sources);
  const customisedOrigin = customisedOriginOf(sources);
  const kind = kindFor(choice.have);
  const address = addressOf(choice, kind);
  const resolved = await resolveImage(address, sources);
  const faults = [...filled.faults];
  if (choice.customisation !== undefined && customisedOrigin === undefined)
    faults.push({ field: 'github', sentence: 'Customised images are not served here: leave this empty.' });
  const others = isProblem(resolved) ? await resolveImage({ ...address, variant: undefined }, sources) : resolved;
  const release = isProblem(others) ? undefined : others.manifest;
  if (isProblem(resolved)) faults.push(await faultOf(choice, kind, resolved, sources));
  else faults.push(...refusals(choice, resolved.image));
  const common = {
    filled,
    origin,
    customisedOrigin,
    haves,
    arches: ARCHES,
    variants: release === undefined ? [] : variantsOf(release, kind, choice.arch),
  };
  if (isProblem(resolved) || faults.length > 0) return { ...common, faults, found: undefined };
  const { manifest, image } = resolved;
  const steps = await stepsFor(
    choice,
    resolved,
    choice.customisation === undefined ? origin : (customisedOrigin ?? origin),
    sources,
  );
  const found: Found = {
    manifest,
    image,
    steps,
    boot: await evidenceOf(manifest.version, sources.read),
    signedBy: await signerOf(manifest, sources).catch(() => 'unreadable'),
    keys: await Promise.all((choice.customisation?.keys ?? []).map(fingerprintOf)),
    shortage: shortageOf(choice, image, common.variants),
  };
  return { ...common, faults, found };
}

/** What an image cannot be given: imported and older ones have no area for a customisation. */
function refusals({ customisation }: Choice, image: Image): Fault[] {
  if (customisation === undefined || (image.kind !== 'iso' && image.kind !== 'kexec')) return [];
  if (image.customisation !== undefined) return [];
  const { accounts, keys, hostname, passwordHash } = customisation;
  if (image.kind === 'iso') {
    const field = accounts.length > 0 ? 'github' : keys.length > 0 ? 'key' : 'hostname';
    return [{ field, sentence: 'This ISO has no room for anything of yours: choose another release, or another way.' }];
  }
  const sentence = 'This release is older than host names and passwords in links: choose another one.';
  if (hostname !== undefined) return [{ field: 'hostname', sentence }];
  return passwordHash === undefined ? [] : [{ field: 'password', sentence }];
}

/** What anybody has whom something published here helps. */
export function helpedHaves({ snapshot: { catalog } }: Sources, haves: readonly Have[]): Have[] {
  const manifests = byInterest(catalog, Date.now()).map(({ entry }) => entry.current);
  return haves.filter((have) => manifests.some(({ images }) => images.some(({ kind }) => kind === kindFor(have))));
}

function addressOf({ arch, ref, variant }: Choice, kind: Kind): ImageAddress {
  const { part } = WHOLE_PART[kind];
  return { type: 'image', customisation: undefined, kind, ref, arch, variant, part, view: 'itself' };
}

/** Which field has to be changed for there to be an image. */
async function faultOf(choice: Choice, kind: Kind, why: Problem, sources: Sources): Promise<Fault> {
  const exists = async (changed: Partial<Choice>) =>
    !isProblem(await resolveImage(addressOf({ ...choice, ...changed }, kind), sources));
  if (choice.variant !== undefined && (await exists({ variant: undefined })))
    return { field: 'variant', sentence: `There is no variant “${choice.variant}” for this. Choose one of these.` };
  for (const arch of ARCHES) {
    if (await exists({ arch, variant: undefined }))
      return { field: 'arch', sentence: `This release has no such image for ${choice.arch}, only for ${arch}.` };
  }
  const others = KINDS.map((other) => resolveImage({ ...addressOf(choice, other), variant: undefined }, sources));
  const isRelease = (await Promise.all(others)).some((other) => !isProblem(other));
  if (choice.ref !== undefined && isRelease)
    return { field: 'channel', sentence: 'This release has no image for what you have.' };
  const sentence = [why.sentence, why.choices.join(', ')].join(' ').trim();
  return { field: choice.ref === undefined ? 'have' : 'channel', sentence };
}

function variantsOf({ images }: Manifest, kind: Kind, arch: Arch): VariantOption[] {
  const ofArch = images.filter((image) => image.kind === kind && image.arch === arch);
  return ofArch
    .map((image) => ({
      image,
      byDefault: image.variant === defaultVariant(kind) || ofArch.length === 1,
      size: filesOf(image).reduce((sum, { file }) => sum + file.size, 0),
      memory: memoryNeeded(image),
    }))
    .toSorted((left, right) => Number(right.byDefault) - Number(left.byDefault));
}

/** The ways for what somebody has; those to other kinds of image than the first one's only where there is such an image. */
async function stepsFor(
  choice: Choice,
  first: { readonly manifest: Manifest; readonly image: Image },
  origin: string,
  sources: Sources,
): Promise<OfferedStep[]> {
  const { have, ref, customisation, firmware } = choice;
  const goals = [first];
  for (const kind of kindsFor(have).filter((kind) => kind !== first.image.kind)) {
    for (const variant of new Set([choice.variant, undefined])) {
      const other = await resolveImage(addressOf({ ...choice, variant }, kind), sources);
      if (isProblem(other)) continue;
      goals.push(other);
      break;
    }
  }
  return goals
    .flatMap(({ manifest, image }) => stepsTo({ manifest, image, ref, customisation, server: serverAt(origin) }))
    .filter(({ way }) => way.have === have)
    .map((step) => ({ ...step, hindrance: hindranceOf(step, firmware) }));
}

function hindranceOf({ way, url }: Step, firmware: Choice['firmware']): string | undefined {
  if (way.longest !== undefined && url.length > way.longest)
    return `The address has ${url.length} characters, and there is room for ${way.longest}: name an account instead of keys.`;
  if (way.firmware === undefined || firmware === undefined || way.firmware === firmware) return undefined;
  return way.firmware === 'uefi' ? 'A BIOS machine cannot start this: it needs UEFI.' : 'This needs a BIOS machine.';
}

function shortageOf({ memory }: Choice, image: Image, variants: readonly VariantOption[]): string | undefined {
  const needed = memoryNeeded(image);
  if (memory === undefined || needed === undefined || needed <= memory) return undefined;
  const smaller = variants.filter((option) => option.memory !== undefined && option.memory <= memory);
  const instead =
    smaller.length > 0
      ? `Choose ${smaller.map(({ image: { variant } }) => variant).join(' or ')}.`
      : 'None of the variants fits; an ISO is read as it is used and takes least.';
  return `This image needs a machine with ${formatMemory(needed)}, and yours has ${formatMemory(memory)}. ${instead}`;
}

async function signerOf({ version }: Manifest, { read }: Sources): Promise<string | undefined> {
  return (await read(releaseKey(version, 'SHA256SUMS.minisig'))) === undefined ? undefined : publicKeyOf(read);
}
