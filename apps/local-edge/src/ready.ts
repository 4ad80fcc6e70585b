import * as v from 'valibot';

/** How to reach a bucket over the S3 API (path style, signature version 4). */
export const S3Access = v.object({
  endpoint: v.pipe(v.string(), v.url()),
  region: v.literal('auto'),
  bucket: v.string(),
  accessKeyId: v.string(),
  secretAccessKey: v.string(),
});
export type S3Access = v.InferOutput<typeof S3Access>;

/** What `nixos-images-edge serve --json` prints, as one line, when it answers. */
export const Ready = v.object({
  /** Such as `http://127.0.0.1:8787`, without a slash at the end. */
  url: v.pipe(v.string(), v.url()),
  s3: S3Access,
});
export type Ready = v.InferOutput<typeof Ready>;
