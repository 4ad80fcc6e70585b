import type { Arch, Channel, Kind, Part, Variant, Version, View } from '@nixos-images/shared';
import type { Snapshot } from '../bucket/catalog-holder.ts';
import type { WrittenOnce } from '../bucket/written-once.ts';
import type { Representation } from '../http/representation.ts';
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

/** How long an answer holds for its path while the catalog stays the same. */
export type Keep =
  | 'always'
  /** An object of the release is still to come, or may come anew. */
  | 'briefly'
  /** There is no end of such paths, so they are not kept. */
  | 'never';

/** Bytes to deliver. */
export interface Found {
  readonly representation: Representation;
  /** Undefined for what belongs to no image. */
  readonly subject: Subject | undefined;
  readonly keep: Keep;
}

export type Answer = Found | Problem;

/** Tells bytes from a problem. */
export function isFound(answer: Answer): answer is Found {
  return 'representation' in answer;
}

/** What answers are made of. */
export interface Sources {
  readonly snapshot: Snapshot;
  readonly objects: WrittenOnce;
  readonly bucket: Pick<R2Bucket, 'get'>;
  readonly settings: Settings;
  /** The whole address that was asked for; never part of an answer. */
  readonly url: string;
}
