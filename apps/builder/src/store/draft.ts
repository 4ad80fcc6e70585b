import { isDeepStrictEqual } from 'node:util';
import { filesOf, type Manifest, type Time } from '@nixos-images/shared';
import type { BlobFile } from './upload.ts';

/** A release before it has a version: what `publish` takes. */
export interface ReleaseDraft {
  readonly channel: Manifest['channel'];
  /** Files on disk whose blobs the bucket may lack. */
  readonly blobs: readonly BlobFile[];
  /** The manifest when it is the `number`th release (from 1) of its nixpkgs revision; only the version and the names that hold it differ. */
  manifestFor(number: number, published: Time): Manifest;
}

/** Whether two manifests describe the same release, whenever they were made. */
export function sameContent(left: Manifest, right: Manifest): boolean {
  return isDeepStrictEqual({ ...left, published: '' }, { ...right, published: '' });
}

/** Bytes of all files of a release. */
export function sizeOf(manifest: Manifest): number {
  return manifest.images.flatMap(filesOf).reduce((sum, { file }) => sum + file.size, 0);
}
