import {
  Arch,
  BootRecord,
  Channel,
  ChannelState,
  CustomisationArea,
  Kind,
  Manifest,
  Nixpkgs,
  Origin,
  Sha256,
  Stage,
  Time,
  Variant,
  Version,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { FIRMWARES, HAVES } from '../ways/way.ts';

/** What `<address>.json` tells: what an address gives just now. */
export const ImageDescription = v.object({
  /** The address that never gives anything else. */
  pinned: v.string(),
  kind: Kind,
  arch: Arch,
  variant: Variant,
  channel: Channel,
  /** Whether the channel still gets releases, and if not, since when and why; null if it is not in the catalog any more. */
  stage: v.nullable(Stage),
  state: v.nullable(ChannelState),
  version: Version,
  /** True if this stands in for NixOS where no NixOS can be built. */
  smoke: v.boolean(),
  published: Time,
  /** Null where nobody says which one it was, as with releases taken over from GitHub. */
  nixpkgs: v.nullable(Nixpkgs),
  /** Where the image comes from: store path and kernel version, or the release on GitHub. */
  origin: Origin,
  file: v.object({
    name: v.string(),
    /** Bytes. */
    size: v.number(),
    /** Null for a customised file, which is put together while it is sent. */
    sha256: v.nullable(Sha256),
    mediaType: v.string(),
  }),
  /** The bytes of an iso or tarball that a customisation replaces; null if there are none. */
  customisationArea: v.nullable(CustomisationArea),
  /** What the address adds to the image; null if it adds nothing. */
  customisation: v.nullable(
    v.object({
      /** Whose keys may log in as root. */
      keys: v.array(v.object({ type: v.string(), fingerprint: v.string(), comment: v.string() })),
      cmdline: v.nullable(v.string()),
      hostname: v.nullable(v.string()),
      /** Whether root gets a password. */
      password: v.boolean(),
      /** A command that gives the digest of the image without what was added: it must be the one that is signed. */
      check: v.string(),
    }),
  ),
  /** How this image did in the boot tests of its release; null as long as none ran. */
  boot: v.nullable(
    v.object({
      time: Time,
      /** Why the release was promoted without tests; null if they ran. */
      skipped: v.nullable(v.string()),
      tools: v.record(v.string(), v.string()),
      tests: v.array(
        v.object({
          path: v.string(),
          outcome: v.picklist(['booted', 'failed', 'not-tried']),
          seconds: v.nullable(v.number()),
          reason: v.nullable(v.string()),
        }),
      ),
    }),
  ),
  /** What somebody who has this or that types where, to get into this image; what the page shows. */
  ways: v.array(
    v.object({
      /** Tells the way from the others; stays the same. */
      name: v.string(),
      have: v.picklist(HAVES),
      title: v.string(),
      /** Where the line is typed or entered. */
      where: v.string(),
      /** Null if every machine can take the way. */
      firmware: v.nullable(v.picklist(FIRMWARES)),
      /** Path. */
      address: v.string(),
      /** Has `{origin}` and `{host}` in it where the server was not told its own name. */
      line: v.string(),
    }),
  ),
});
export type ImageDescription = v.InferOutput<typeof ImageDescription>;

/** What `/kexec.sh.json` tells. */
export const KexecScriptDescription = v.object({
  channel: Channel,
  version: Version,
  smoke: v.boolean(),
  /** Bytes of the script. */
  size: v.number(),
  /** What the script downloads and holds against its digest, one for each architecture. */
  tarballs: v.array(v.object({ arch: Arch, address: v.string(), size: v.number(), sha256: Sha256 })),
});
export type KexecScriptDescription = v.InferOutput<typeof KexecScriptDescription>;

/** What `/v1/releases/<version>.json` tells. */
export const ReleaseDescription = v.object({
  manifest: Manifest,
  /** Null as long as the boot tests did not run. */
  boot: v.nullable(BootRecord),
});
export type ReleaseDescription = v.InferOutput<typeof ReleaseDescription>;

/** What `/healthz` tells. */
export const Health = v.object({
  healthy: v.boolean(),
  /** Whether the bucket can be read just now; `unreadable`: what it has is no catalog that this edge understands. */
  bucket: v.picklist(['reachable', 'empty', 'unreachable', 'unreadable']),
  /** What is wrong, one sentence each. */
  reasons: v.array(v.string()),
  channels: v.array(
    v.object({
      channel: v.string(),
      version: v.string(),
      stage: Stage,
      /** Whether it still gets releases. */
      status: v.picklist(['live', 'frozen']),
      promoted: v.string(),
      /** Days since the channel was moved to its release. */
      ageDays: v.number(),
    }),
  ),
});
export type Health = v.InferOutput<typeof Health>;
