import { BootRecord, type Manifest, parseJson, releaseKey } from '@nixos-images/shared';
import type { Sources } from './answer.ts';

/** The boot record of a release; undefined as long as there is none. */
export async function bootRecordOf(
  { version }: Manifest,
  { objects, bucket }: Pick<Sources, 'objects' | 'bucket'>,
): Promise<BootRecord | undefined> {
  const key = releaseKey(version, 'boot.json');
  const object = await objects.read(bucket, key);
  return object === undefined ? undefined : parseJson(BootRecord, object.text, key);
}

/** False as long as another record may follow: one that says why no test ran is replaced when they run. */
export function isFinal(boot: BootRecord | undefined): boolean {
  return boot?.gate === 'run';
}
