import type { Arch, Channel, Kind, Part, Variant, Version, View } from '@nixos-images/shared';
import type { Snapshot } from '../catalog.ts';
import type { Blobs } from '../http/blobs.ts';
import type { Representation } from '../http/representation.ts';
import type { ReadObject } from '../objects.ts';
import type { Problem } from '../problem.ts';
import type { Settings } from '../settings.ts';

/** What a request was resolved to, for the log and the counts. */
export interface Subject {
  readonly kind: Kind;
  readonly arch: Arch;
  readonly variant: Variant;
  readonly channel: Channel;
  readonly version: Version;
  readonly part: Part;
  readonly view: View;
}

/** Bytes to deliver. */
export interface Found {
  readonly representation: Representation;
  /** Undefined for what belongs to no image. */
  readonly subject: Subject | undefined;
  /**
   * How long its path gives the same while the catalog is the same: `always`; `briefly`, because an object of the release is still to
   * come or may come anew; `never`, because it depends on more than the path, or because there is no end of such paths.
   */
  readonly holds: 'always' | 'briefly' | 'never';
}

/** The same is at another path, and nowhere else. */
export interface Moved {
  readonly tag: 'moved';
  readonly to: string;
}

export type Answer = Found | Problem | Moved;

/** What answers are made of. */
export interface Sources {
  readonly snapshot: Snapshot;
  readonly read: ReadObject;
  readonly blobs: Blobs;
  readonly settings: Settings;
  /** Only what never holds may depend on it. */
  readonly request: Request;
}

/** What a request asks for, by its address. */
export interface Route {
  /** Decoded, without a slash at its end. */
  readonly path: string;
  /** The segments of the path that its line in the table of addresses names. */
  readonly params: Readonly<Record<string, string>>;
}

/** Answers what a line of the table of addresses is for. */
export type Answerer = (route: Route, sources: Sources) => Answer | Promise<Answer>;
