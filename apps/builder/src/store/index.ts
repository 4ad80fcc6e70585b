// The bucket's protocol, for who uses it from outside the command line.
export { digestFile, FileDigest, PIECE, sha256Hex } from '../digest.ts';
export { Failure } from '../failure.ts';
export { silentProgress } from '../progress/progress.ts';
export { S3Client } from '../s3/client.ts';
export { S3Bucket } from '../s3/s3-bucket.ts';
export { attachSignatures } from './attach.ts';
export type { Bucket } from './bucket.ts';
export { type Problem, ReleaseCheck } from './check.ts';
export type { ReleaseDraft } from './draft.ts';
export { type Promotion, promote } from './promote.ts';
export { type Published, publish } from './publish.ts';
export { ReleaseUploads } from './release-uploads.ts';
export { readCatalog } from './stored.ts';
export { CONCURRENCY } from './upload.ts';
