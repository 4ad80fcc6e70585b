import * as v from 'valibot';
import type { Asset } from './asset.ts';
import type { ReleaseObject } from './bucket-keys.ts';
import type { Channel } from './channel.ts';
import type { Customisation } from './customisation.ts';
import type { FileName } from './manifest.ts';
import type { Version } from './version.ts';
import { type Arch, IPXE_ROLES, type Kind, type Part, type Variant } from './words.ts';

/** What is named behind the `@` of an address: an alias, a channel or a version. Which one, the catalog knows. */
export const Ref = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]*$/), v.maxLength(80), v.brand('Ref'));
export type Ref = v.InferOutput<typeof Ref>;

/** What an image gives where no part is named, and the extension that says the same. */
export const WHOLE_PART = {
  kexec: { part: 'tarball', extension: '.tar.gz' },
  iso: { part: 'iso', extension: '.iso' },
  netboot: { part: 'script', extension: '.ipxe' },
  ipxe: { part: 'efi', extension: '.efi' },
} as const satisfies Record<Kind, ExtendedPart>;

/** The parts of a kind's images that an address names by an extension: what it gives without one, and what else. */
export const EXTENDED_PARTS: Readonly<Record<Kind, readonly ExtendedPart[]>> = {
  kexec: [WHOLE_PART.kexec],
  iso: [WHOLE_PART.iso],
  netboot: [WHOLE_PART.netboot, { part: 'efi', extension: '.efi' }],
  ipxe: IPXE_ROLES.map((part) => ({ part, extension: `.${part}` })),
};

interface ExtendedPart {
  readonly part: Part;
  readonly extension: string;
}

/** Whether an address gives the part itself or something about it. */
export const VIEWS = ['itself', 'sha256', 'minisig', 'json'] as const;
export type View = (typeof VIEWS)[number];

/** `/[with/<customisation>/]<kind>[@<ref>]/<arch>[/<variant>][<suffix>]` */
export interface ImageAddress {
  readonly type: 'image';
  readonly customisation: Customisation | undefined;
  readonly kind: Kind;
  /** Undefined means `latest`. */
  readonly ref: Ref | Channel | Version | undefined;
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
  /** `/channels/<channel>` */
  | { readonly type: 'channel'; readonly channel: Channel }
  /** `/v1/releases/<version>.json` */
  | { readonly type: 'release-description'; readonly version: Version }
  /** `/releases/<version>/<name>` */
  | { readonly type: 'entry'; readonly version: Version; readonly name: EntryName | FileName | ReleaseObject }
  /** `/releases/download/<tag>/<asset>` and `/releases/latest/download/<asset>`: the addresses of GitHub releases. */
  | { readonly type: 'asset'; readonly ref: Ref | undefined; readonly asset: Asset };

/** Why a path is no address of an image; `given` is the part of the path that is at fault. */
export type AddressProblem =
  | { readonly reason: 'kind'; readonly given: string }
  | { readonly reason: 'ref'; readonly given: string }
  | { readonly reason: 'arch'; readonly kind: Kind; readonly given: string }
  | { readonly reason: 'variant'; readonly kind: Kind; readonly arch: Arch; readonly given: string }
  | { readonly reason: 'suffix'; readonly kind: Kind; readonly given: string }
  | { readonly reason: 'customisation'; readonly given: string; readonly why: string };
