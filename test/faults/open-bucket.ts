import { S3Bucket } from 'nixos-images/store';

/** Retries as the builder's, only quicker: the tests wait for hundreds of them. */
const QUICK = { attempts: 4, firstPause: 5, longestPause: 20 };

/** Key pair of the local edge, and of everything else that the tests start. */
export const LOCAL_CREDENTIALS = {
  accessKeyId: 'nixos-images-local',
  secretAccessKey: 'nixos-images-local-secret',
  sessionToken: undefined,
} as const;

/** The bucket of a local edge, directly or through a proxy. */
export function openBucket(endpoint: URL): S3Bucket {
  return new S3Bucket('nixos-images', { endpoint, region: 'auto', credentials: LOCAL_CREDENTIALS, retry: QUICK });
}

/** Empties a bucket. */
export async function emptyBucket(bucket: S3Bucket): Promise<void> {
  for (const key of await keysOf(bucket)) await bucket.remove(key);
}

/** Every key of a bucket. */
export async function keysOf(bucket: S3Bucket): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of bucket.list('')) keys.push(key);
  return keys;
}
