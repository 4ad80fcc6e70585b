import * as v from 'valibot';
import {
  type Address,
  type AddressProblem,
  DOCUMENTS,
  EntryName,
  Ref,
  VIEWS,
  type View,
  WHOLE_PART,
} from './address.ts';
import { parseAsset } from './asset.ts';
import { type Customisation, parseCustomisation } from './customisation.ts';
import { Version } from './version.ts';
import { Kind, PART_NAMES, type Part, parseArch, Variant } from './words.ts';

export type ParsedAddress =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly problem: AddressProblem };

/**
 * Reads the path of a request (percent-encoded, from its `/` on, without query) as an address. Escapes are decoded once; a slash at
 * the end says nothing, whatever stands before it.
 */
export function parseAddress(path: string): ParsedAddress {
  const segments = segmentsOf(path);
  if (segments === undefined) return fail({ reason: 'unreadable' });
  const plain = `/${segments.join('/')}`;
  const document = DOCUMENTS.find((path) => path === plain);
  if (document !== undefined) return found({ type: 'document', path: document });
  const [first = '', second = '', third = ''] = segments;
  if (first === 'with') return parseCustomised(second, segments.slice(2));
  if (first === 'releases') return parseRelease(segments.slice(1));
  if (first === 'v1' && second === 'releases' && segments.length === 3) return parseDescription(third);
  if (first === 'nix-community' && second === 'nixos-images' && third === 'releases') {
    const parsed = parseRelease(segments.slice(3));
    return parsed.ok && parsed.address.type !== 'asset' ? fail({ reason: 'kind', given: first }) : parsed;
  }
  return parseImage(undefined, segments);
}

/** The path as its segments, percent escapes decoded once; undefined if it cannot be read. */
function segmentsOf(path: string): string[] | undefined {
  try {
    const segments = path.slice(1).split('/').map(decodeURIComponent);
    if (segments.length > 1 && segments.at(-1) === '') segments.pop();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    return segments.some((segment) => /[\u0000-\u001f\u007f/\\]/.test(segment)) ? undefined : segments;
  } catch {
    return undefined;
  }
}

function parseCustomised(given: string, image: readonly string[]): ParsedAddress {
  const parsed = parseCustomisation(given);
  if (!parsed.ok) return fail({ reason: 'customisation', given, why: parsed.why });
  return parseImage(parsed.customisation, image);
}

function parseImage(customisation: Customisation | undefined, segments: readonly string[]): ParsedAddress {
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
  return found({ type: 'image', customisation, kind, ref, arch, variant, part, view });
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

function parseRelease(segments: readonly string[]): ParsedAddress {
  const [first = '', second = '', third = ''] = segments;
  const count = segments.length;
  if (count === 0) return found({ type: 'releases' });
  if (first === 'latest' && second === 'download' && count === 3) return readAsset(undefined, third);
  if (first === 'download' && count === 3) {
    const tag = read(Ref, second);
    return tag === undefined ? fail({ reason: 'ref', given: second }) : readAsset(tag, third);
  }
  const version = read(Version, first);
  if (version === undefined) return fail({ reason: 'version', given: first });
  if (count === 1) return found({ type: 'release', version });
  const name = count > 2 ? undefined : read(EntryName, second);
  if (name === undefined) return fail({ reason: 'asset', given: segments.slice(1).join('/') });
  return found({ type: 'entry', version, name });
}

function parseDescription(document: string): ParsedAddress {
  const given = document.replace(/\.json$/, '');
  const version = given === document ? undefined : read(Version, given);
  return version === undefined ? fail({ reason: 'version', given }) : found({ type: 'release-description', version });
}

function readAsset(ref: Ref | undefined, name: string): ParsedAddress {
  const asset = parseAsset(name);
  return asset === undefined ? fail({ reason: 'asset', given: name }) : found({ type: 'asset', ref, asset });
}

/** The value that a text is by a schema; undefined if it is none. */
function read<Schema extends v.GenericSchema>(schema: Schema, text: string): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, text);
  return result.success ? result.output : undefined;
}

function found(address: Address): ParsedAddress {
  return { ok: true, address };
}

function fail(problem: AddressProblem): ParsedAddress {
  return { ok: false, problem };
}

/** Every suffix that an address of a kind can end in, beside none. */
export function suffixesOf(kind: Kind): string[] {
  const views = VIEWS.filter((view) => view !== 'itself').map((view) => `.${view}`);
  return [WHOLE_PART[kind].extension, ...views];
}
