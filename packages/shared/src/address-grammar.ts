import * as v from 'valibot';
import {
  type Address,
  type AddressProblem,
  EXTENDED_PARTS,
  type ImageAddress,
  Ref,
  VIEWS,
  type View,
  WHOLE_PART,
} from './address.ts';
import { formatAsset } from './asset.ts';
import { type Customisation, formatCustomisation, parseCustomisation } from './customisation.ts';
import type { ImageId } from './image-id.ts';
import { defaultVariant, Kind, PART_NAMES, type Part, parseArch, Variant } from './words.ts';

/** A path that stays as it is when it is read as part of an address: plain characters, and no segment that begins with a dot. */
const PLAIN = /^(\/[\w@~+:,-][\w@~+:,.-]*)+\/?$/;

/**
 * The path of a request's address, as `new URL(url).pathname` gives it. For the paths that downloads have it is cut out: reading the
 * whole address takes longer than all the rest of a small answer.
 */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const query = url.indexOf('?');
  const path = start < 0 ? '' : url.slice(start, query < 0 ? undefined : query);
  return PLAIN.test(path) ? path : new URL(url).pathname;
}

/**
 * The path of a request (percent-encoded, from its `/` on, without query) with its escapes decoded, once, and without a slash at its
 * end, which says nothing. Undefined if it cannot be read: a bad escape, a control character, a slash that is no border.
 */
export function decodePath(path: string): string | undefined {
  const decoded = path.includes('%') ? decode(path) : path;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (decoded === undefined || /[\u0000-\u001f\u007f\\]/.test(decoded)) return undefined;
  return decoded.length > 1 && decoded.endsWith('/') ? decoded.slice(0, -1) : decoded;
}

function decode(path: string): string | undefined {
  try {
    const segments = path.split('/').map(decodeURIComponent);
    return segments.some((segment) => segment.includes('/')) ? undefined : segments.join('/');
  } catch {
    return undefined;
  }
}

export type ParsedAddress<Found> =
  | { readonly ok: true; readonly address: Found }
  | { readonly ok: false; readonly problem: AddressProblem };

/** The address of an image that is given with what a customisation adds. */
export type CustomisedAddress = ImageAddress & { readonly customisation: Customisation };

/** Reads a decoded path as the address of an image: `/<kind>[@<ref>]/<arch>[/<variant>][<suffix>]`. */
export function parseImageAddress(path: string): ParsedAddress<ImageAddress> {
  return parseImage(undefined, path.slice(1).split('/'));
}

/** Reads a decoded path as `/with/<customisation>` and the address of an image. */
export function parseCustomisedAddress(path: string): ParsedAddress<CustomisedAddress> {
  const [, , given = '', ...image] = path.split('/');
  const parsed = parseCustomisation(given);
  return parsed.ok
    ? parseImage(parsed.customisation, image)
    : fail({ reason: 'customisation', given, why: parsed.why });
}

function parseImage<Custom extends Customisation | undefined>(
  customisation: Custom,
  segments: readonly string[],
): ParsedAddress<ImageAddress & { readonly customisation: Custom }> {
  const [kindAndRef = '', ...rest] = segments;
  const at = kindAndRef.indexOf('@');
  const kind = at < 0 ? kindAndRef : kindAndRef.slice(0, at);
  if (!v.is(Kind, kind)) return fail({ reason: 'kind', given: kind });
  const refName = at < 0 ? undefined : kindAndRef.slice(at + 1);
  const ref = refName === undefined ? undefined : read(Ref, refName);
  if (refName !== undefined && ref === undefined) return fail({ reason: 'ref', given: refName });

  const { names, part, ending } = takePart(kind, rest);
  const [archName = '', variantName, ...surplus] = names;
  const arch = parseArch(archName);
  if (arch === undefined) return fail({ reason: 'arch', kind, given: archName });
  const variant = variantName === undefined ? undefined : read(Variant, variantName);
  if (variantName !== undefined && variant === undefined) {
    return fail({ reason: 'variant', kind, arch, given: variantName });
  }
  const [over] = surplus;
  if (over !== undefined) return fail({ reason: 'suffix', kind, given: `/${over}` });
  if (part === 'customisation' && customisation === undefined)
    return fail({ reason: 'suffix', kind, given: `/${part}` });
  const view = viewOf(ending);
  if (view === undefined) return fail({ reason: 'suffix', kind, given: ending });
  return { ok: true, address: { type: 'image', customisation, kind, ref, arch, variant, part, view } };
}

/**
 * Whether a decoded path, right or wrong, is the address of a script that iPXE runs: iPXE understands a script in place of another one,
 * and takes anything else that it gets for the kernel, initrd or disk that it asked for.
 */
export function isScriptAddress(path: string): boolean {
  if (path.endsWith('.ipxe')) return true;
  const segments = path.slice(1).split('/');
  const [kindAndRef = '', ...rest] = segments[0] === 'with' ? segments.slice(2) : segments;
  const kind = kindAndRef.replace(/@.*/, '');
  if (!v.is(Kind, kind)) return false;
  const { part, ending } = takePart(kind, rest);
  return part === 'script' && ending === '';
}

/** The parts of each kind that are a segment of their own. */
const PARTS_BY_NAME: Readonly<Record<Kind, readonly Part[]>> = {
  kexec: ['store'],
  iso: [],
  netboot: PART_NAMES,
  ipxe: [],
};

/** Splits what follows the kind into plain names, the part they give, and what is left of the suffix. */
function takePart(kind: Kind, rest: readonly string[]): { names: string[]; part: Part; ending: string } {
  const last = rest.at(-1) ?? '';
  const dot = last.indexOf('.');
  const [name, suffix] = dot < 0 ? [last, ''] : [last.slice(0, dot), last.slice(dot)];
  const before = rest.slice(0, -1);
  const own = before.length > 0 ? PARTS_BY_NAME[kind].find((part) => part === name) : undefined;
  if (own !== undefined) return { names: before, part: own, ending: suffix };
  const names = [...before, name];
  const extended = EXTENDED_PARTS[kind].find(({ extension }) => `${suffix}.`.startsWith(`${extension}.`));
  return extended === undefined
    ? { names, part: WHOLE_PART[kind].part, ending: suffix }
    : { names, part: extended.part, ending: suffix.slice(extended.extension.length) };
}

function viewOf(ending: string): View | undefined {
  if (ending === '') return 'itself';
  return VIEWS.find((view) => view !== 'itself' && ending === `.${view}`);
}

/** The value that a text is by a schema; undefined if it is none. */
function read<Schema extends v.GenericSchema>(schema: Schema, text: string): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, text);
  return result.success ? result.output : undefined;
}

function fail(problem: AddressProblem): { readonly ok: false; readonly problem: AddressProblem } {
  return { ok: false, problem };
}

/** Every suffix that an address of a kind can end in, beside none. */
export function suffixesOf(kind: Kind): string[] {
  const views = VIEWS.filter((view) => view !== 'itself').map((view) => `.${view}`);
  return [...EXTENDED_PARTS[kind].map(({ extension }) => extension), ...views];
}

/** The one canonical path of an address. */
export function formatAddress(address: Address): string {
  switch (address.type) {
    case 'image':
      return formatImage(address);
    case 'releases':
      return '/releases/';
    case 'release':
      return `/releases/${address.version}/`;
    case 'channel':
      return `/channels/${address.channel}`;
    case 'release-description':
      return `/v1/releases/${address.version}.json`;
    case 'entry':
      return `/releases/${address.version}/${address.name}`;
    case 'asset': {
      const folder = address.ref === undefined ? 'latest/download' : `download/${address.ref}`;
      return `/releases/${folder}/${formatAsset(address.asset)}`;
    }
  }
}

function formatImage({ customisation, kind, ref, arch, variant, part, view }: ImageAddress): string {
  const front = customisation === undefined ? '' : `/with/${formatCustomisation(customisation)}`;
  const extended = EXTENDED_PARTS[kind].find((known) => known.part === part);
  const end = extended?.extension ?? `/${part}`;
  return [
    `${front}/${kind}${ref === undefined ? '' : `@${ref}`}/${arch}`,
    variant === undefined ? '' : `/${variant}`,
    end,
    view === 'itself' ? '' : `.${view}`,
  ].join('');
}

/** What an address says beside the image; all of the image, uncustomised and as it is, where it says nothing. */
type Rest = Pick<ImageAddress, 'ref'> & Partial<Pick<ImageAddress, 'part' | 'view' | 'customisation'>>;

/** The address of an image, or of a part of it, in the release that `ref` names. It names the variant, whichever is the default. */
export function imageAddress(image: ImageId, rest: Rest): string {
  const { kind, arch, variant } = image;
  const { ref, part = WHOLE_PART[kind].part, view = 'itself', customisation } = rest;
  return formatAddress({ type: 'image', customisation, kind, ref, arch, variant, part, view });
}

/** The shortest address of an image in the newest stable release: what a person types. */
export function shortAddress({ kind, arch, variant }: ImageId): string {
  const { part } = WHOLE_PART[kind];
  const named = variant === defaultVariant(kind) ? undefined : variant;
  return formatAddress({
    type: 'image',
    customisation: undefined,
    kind,
    ref: undefined,
    arch,
    variant: named,
    part,
    view: 'itself',
  });
}
