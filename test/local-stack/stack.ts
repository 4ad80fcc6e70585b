import { join } from 'node:path';
import { type S3Access, startStack } from '@nixos-images/edge/local';
import { execa } from 'execa';

const root = join(import.meta.dirname, '..', '..');

export interface LocalStackOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  /** Folder that keeps everything a run makes: bucket, Nix store, Debian packages. */
  readonly state: string;
  /** Folder of the bucket, where another stack may be running on the same state; by default `bucket` below it. */
  readonly bucket?: string;
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal;
}

export interface LocalStack {
  /** Such as `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly s3: S3Access;
  readonly stop: () => Promise<void>;
}

/**
 * Does the whole of the main job on this machine: builds the smoke images with Nix, publishes them to a local bucket
 * over its S3 API, promotes them and serves them. What an earlier run left in the state folder is used again.
 * @throws ExecaError if a step fails; what it had to say stands on standard error by then.
 */
export async function startLocalStack({
  port,
  host,
  state,
  bucket = join(state, 'bucket'),
  signal,
}: LocalStackOptions): Promise<LocalStack> {
  const run = (file: string, args: readonly string[], env: Record<string, string> = {}) =>
    execa(file, args, {
      cwd: root,
      env,
      stdin: 'ignore',
      stdout: process.stderr,
      stderr: process.stderr,
      ...(signal === undefined ? {} : { cancelSignal: signal }),
      forceKillAfterDelay: 5000,
    });

  await run('turbo', [
    'run',
    'build',
    '--filter=@nixos-images/edge',
    '--output-logs=errors-only',
    '--log-order=stream',
  ]);
  const edge = await startStack({ port, host, state: bucket });
  try {
    await publishSmokeImages();
  } catch (error) {
    await edge.stop();
    throw error;
  }
  return edge;

  async function publishSmokeImages(): Promise<void> {
    const flake = join(state, 'smoke-flake');
    await run('test/smoke-images/prepare', [flake]);
    const builder = (...args: string[]) =>
      run('test/smoke-images/with-nix', [join(state, 'nix'), 'nixos-images', ...args], {
        SMOKE_FLAKE: flake,
        BUILDER_STATE: join(state, 'builder'),
        BUCKET_ENDPOINT: edge.s3.endpoint,
        BUCKET_NAME: edge.s3.bucket,
        AWS_ACCESS_KEY_ID: edge.s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: edge.s3.secretAccessKey,
      });
    await builder('publish', '--config', 'test/smoke-images/nixos-images.config.ts');
    await builder(
      'promote',
      '--config',
      'test/smoke-images/nixos-images.config.ts',
      '--without-boot-test',
      'local stack',
    );
  }
}
