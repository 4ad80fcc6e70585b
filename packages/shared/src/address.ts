import * as v from 'valibot';
import { type Asset, formatAsset, parseAsset } from './address-asset.ts';
import type { Customisation } from './address-customisation.ts';
import { formatCustomisation } from './address-customisation-format.ts';
import type { Role } from './manifest.ts';
import { Version } from './version.ts';
import { type Arch, Kind, parseArch, Variant } from './words.ts';

/** What is named behind the `@` of an address: an alias, a channel or a version. Which one, the catalog knows. */
export const Ref = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]*$/), v.maxLength(80), v.brand('Ref'));
export type Ref = v.InferOutput<typeof Ref>;

/**
 * What an image's addresses give: its files by role, and for netboot the iPXE script, the kernel command line, and the initrd that a
 * customisation adds.
 */
export type Part = Role | 'script' | 'cmdline' | 'customisation';

/** Whether an address gives the part itself or something about it. */
export const VIEWS = ['itself', 'sha256', 'minisig', 'json'] as const;
export type View = (typeof VIEWS)[number];

/** `/[with/<customisation>/]<kind>[@<ref>]/<arch>[/<variant>][<suffix>]` */
export interface ImageAddress {
  readonly type: 'image';
  readonly customisation: Customisation | undefined;
  readonly kind: Kind;
  /** Undefined means `latest`. */
  readonly ref: Ref | undefined;
  readonly arch: Arch;
  /** Undefined means the kind's default. */
  readonly variant: Variant | undefined;
  readonly part: Part;
  readonly view: View;
}

/** Name of an entry of `/releases/<version>/`. */
export const EntryName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][\w.+-]*$/), v.maxLength(240), v.brand('EntryName'));
export type EntryName = v.InferOutput<typeof EntryName>;

/** Every address of an image or a release. */
export type Address =
  | ImageAddress
  /** `/releases/` */
  | { readonly type: 'releases' }
  /** `/releases/<version>/` */
  | { readonly type: 'release'; readonly version: Version }
  /** `/releases/<version>/<name>` */
  | { readonly type: 'entry'; readonly version: Version; readonly name: EntryName }
  /** `/releases/download/<tag>/<asset>` and `/releases/latest/download/<asset>`: the addresses of GitHub releases. */
  | { readonly type: 'asset'; readonly ref: Ref | undefined; readonly asset: Asset };

/** Why a path is no address; `given` is the part of the path that is at fault. */
export type AddressProblem =
  /** The path cannot be read at all: a bad percent escape, a control character. */
  | { readonly reason: 'unreadable' }
  | { readonly reason: 'kind'; readonly given: string }
  | { readonly reason: 'ref'; readonly given: string }
  | { readonly reason: 'arch'; readonly kind: Kind; readonly given: string }
  | { readonly reason: 'variant'; readonly kind: Kind; readonly arch: Arch; readonly given: string }
  | { readonly reason: 'suffix'; readonly kind: Kind; readonly given: string }
  | { readonly reason: 'version'; readonly given: string }
  | { readonly reason: 'asset'; readonly given: string }
  | { readonly reason: 'customisation'; readonly given: string; readonly why: string };

export type Parsed =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly problem: AddressProblem };

/** What an image address gives without a further segment, and the extension that says the same. */
const WHOLE = {
  kexec: { part: 'tarball', extension: '.tar.gz' },
  iso: { part: 'iso', extension: '.iso' },
  netboot: { part: 'script', extension: '.ipxe' },
} as const satisfies Record<Kind, { part: Part; extension: string }>;

/** The parts of netboot that have a segment of their own. */
const NETBOOT_PARTS = ['kernel', 'initrd', 'cmdline', 'customisation'] as const;

/** Every suffix that an address of a kind can end in, beside none. */
export function suffixesOf(kind: Kind): string[] {
  const views = ['.sha256', '.minisig', '.json'];
  return [WHOLE[kind].extension, ...views];
}

/** The path as its segments, percent escapes decoded once; undefined if it cannot be read. */
export function segmentsOf(path: string): string[] | undefined {
  try {
    const segments = path.slice(1).split('/').map(decodeURIComponent);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    return segments.some((segment) => /[\u0000-\u001f\u007f/\\]/.test(segment)) ? undefined : segments;
  } catch {
    return undefined;
  }
}

/**
 * Reads a path as an address that adds nothing to an image; `customised` if it begins with `with/`. What `parseAddress` does for all
 * addresses, for those who load the rest only when it is needed.
 */
export function parsePlainAddress(path: string): Parsed | 'customised' {
  const segments = segmentsOf(path);
  if (segments === undefined) return fail({ reason: 'unreadable' });
  const [first = '', second = ''] = segments;
  if (first === 'releases') return parseRelease(segments.slice(1));
  if (first === 'nix-community' && second === 'nixos-images' && segments[2] === 'releases') {
    const parsed = parseRelease(segments.slice(3));
    return parsed.ok && parsed.address.type !== 'asset' ? fail({ reason: 'kind', given: first }) : parsed;
  }
  return first === 'with' ? 'customised' : parseImage(undefined, segments);
}

/** Reads the segments of an image's address, behind a customisation if there is one. */
export function parseImage(customisation: Customisation | undefined, segments: readonly string[]): Parsed {
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
  const own = kind === 'netboot' && before.length > 0 ? NETBOOT_PARTS.find((part) => part === name) : undefined;
  if (own !== undefined) return { names: before, part: own, ending: suffix };
  const { part, extension } = WHOLE[kind];
  const extended = suffix === extension || suffix.startsWith(`${extension}.`);
  return { names: [...before, name], part, ending: extended ? suffix.slice(extension.length) : suffix };
}

function viewOf(ending: string): View | undefined {
  if (ending === '') return 'itself';
  return VIEWS.find((view) => view !== 'itself' && ending === `.${view}`);
}

function parseRelease(segments: readonly string[]): Parsed {
  const [first = '', second = '', third = ''] = segments;
  const count = segments.length;
  if (first === '' && count <= 1) return { ok: true, address: { type: 'releases' } };
  if (first === 'latest' && second === 'download' && count === 3) return readAsset(undefined, third);
  if (first === 'download' && count === 3) {
    const tag = read(Ref, second);
    return tag === undefined ? fail({ reason: 'ref', given: second }) : readAsset(tag, third);
  }
  const version = read(Version, first);
  if (version === undefined) return fail({ reason: 'version', given: first });
  if (second === '' && count <= 2) return { ok: true, address: { type: 'release', version } };
  const name = count > 2 ? undefined : read(EntryName, second);
  if (name === undefined) return fail({ reason: 'asset', given: segments.slice(1).join('/') });
  return { ok: true, address: { type: 'entry', version, name } };
}

function readAsset(ref: Ref | undefined, name: string): Parsed {
  const asset = parseAsset(name);
  if (asset === undefined) return fail({ reason: 'asset', given: name });
  return { ok: true, address: { type: 'asset', ref, asset } };
}

/** The value that a text is by a schema; undefined if it is none. */
function read<Schema extends v.GenericSchema>(schema: Schema, text: string): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, text);
  return result.success ? result.output : undefined;
}

function fail(problem: AddressProblem): Parsed {
  return { ok: false, problem };
}

/** The one canonical path of an address; `parseAddress` reads it back as the same address. */
export function formatAddress(address: Address): string {
  switch (address.type) {
    case 'image':
      return formatImage(address);
    case 'releases':
      return '/releases/';
    case 'release':
      return `/releases/${address.version}/`;
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
  const whole = WHOLE[kind];
  const end = part === whole.part ? whole.extension : `/${part}`;
  return [
    `${front}/${kind}${ref === undefined ? '' : `@${ref}`}/${arch}`,
    variant === undefined ? '' : `/${variant}`,
    end,
    view === 'itself' ? '' : `.${view}`,
  ].join('');
}
