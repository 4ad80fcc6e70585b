import * as v from 'valibot';
import { type AddressProblem, type ImageAddress, Ref, VIEWS, type View, WHOLE_PART } from './address.ts';
import { type Customisation, parseCustomisation } from './customisation.ts';
import { Kind, PART_NAMES, type Part, parseArch, Variant } from './words.ts';

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

/** Splits what follows the kind into plain names, the part they give, and what is left of the suffix. */
function takePart(kind: Kind, rest: readonly string[]): { names: string[]; part: Part; ending: string } {
  const last = rest.at(-1) ?? '';
  const dot = last.indexOf('.');
  const [name, suffix] = dot < 0 ? [last, ''] : [last.slice(0, dot), last.slice(dot)];
  const before = rest.slice(0, -1);
  const own = kind === 'netboot' && before.length > 0 ? PART_NAMES.find((part) => part === name) : undefined;
  if (own !== undefined) return { names: before, part: own, ending: suffix };
  const { part, extension } = WHOLE_PART[kind];
  const extended = suffix === extension || suffix.startsWith(`${extension}.`);
  return { names: [...before, name], part, ending: extended ? suffix.slice(extension.length) : suffix };
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
  return [WHOLE_PART[kind].extension, ...views];
}
