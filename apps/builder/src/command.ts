import type { Bucket } from './bucket.ts';
import { type Config, loadConfig } from './config.ts';
import type { Progress } from './progress/progress.ts';
import { credentialsFrom } from './s3/credentials.ts';
import { S3Bucket } from './s3/s3-bucket.ts';

/** What every command works with. */
export interface Command {
  readonly config: Config;
  readonly bucket: Bucket;
  readonly progress: Progress;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Reads the config and reaches for the bucket; nothing is sent yet. */
export async function openCommand(configFile: string, progress: Progress, signal: AbortSignal): Promise<Command> {
  const config = await loadConfig(configFile);
  const { endpoint, name, region } = config.bucket;
  const credentials = credentialsFrom(process.env);
  const bucket = new S3Bucket(name, { endpoint, region, credentials, signal });
  return { config, bucket, progress, signal };
}
