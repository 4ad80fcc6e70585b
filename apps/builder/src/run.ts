import { type Config, loadConfig } from './config.ts';
import type { Progress } from './progress/progress.ts';
import { credentialsFrom } from './s3/credentials.ts';
import { S3Bucket } from './s3/s3-bucket.ts';
import type { Bucket } from './store/bucket.ts';

/** What every step of a run works with. */
export interface Run {
  readonly config: Config;
  readonly bucket: Bucket;
  readonly progress: Progress;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Reads the config and reaches for the bucket; nothing is sent yet. */
export async function openRun(configFile: string, progress: Progress, signal: AbortSignal): Promise<Run> {
  const config = await loadConfig(configFile);
  const { endpoint, name, region } = config.bucket;
  const credentials = credentialsFrom(process.env);
  const bucket = new S3Bucket(name, { endpoint, region, credentials, signal });
  return { config, bucket, progress, signal };
}
