import * as v from 'valibot';
import type { AccountId } from './account.ts';
import { type CloudflareApi, CODE } from './api.ts';

const PERMISSION = 'Workers R2 Storage: Edit';
const Bucket = v.object({ name: v.string() });

/** Whether an account has a bucket of this name. */
export async function hasBucket(api: CloudflareApi, account: AccountId, name: string): Promise<boolean> {
  const path = `/accounts/${account}/r2/buckets/${name}`;
  const answer = await api.send({
    method: 'GET',
    path,
    result: Bucket,
    permission: PERMISSION,
    accept: [CODE.noSuchBucket],
  });
  return 'result' in answer;
}

/** Makes a bucket; one that is there already is left as it is. */
export async function makeBucket(api: CloudflareApi, account: AccountId, name: string): Promise<void> {
  await api.send({
    method: 'POST',
    path: `/accounts/${account}/r2/buckets`,
    body: { name },
    result: Bucket,
    permission: PERMISSION,
    // The answer to a first try may have been lost.
    accept: [CODE.bucketExists],
  });
}

/** Where R2 serves the buckets of an account over the S3 API. */
export function bucketEndpoint(account: AccountId): string {
  return `https://${account}.r2.cloudflarestorage.com`;
}
