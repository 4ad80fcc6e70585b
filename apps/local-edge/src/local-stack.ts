import { join } from 'node:path';
import type { Arch } from '@nixos-images/shared';
import { execa } from 'execa';
import { startLocalEdge } from './local-edge.ts';
import type { Ready } from './ready.ts';

/** The checkout: what it runs, the builder and the smoke images among it, are its commands. */
const ROOT = join(import.meta.dirname, '..', '..', '..');
const CONFIG = ['--config', 'test/smoke-images/nixos-images.config.ts'] as const;

/** Booting everything first would keep whoever tries this out waiting for minutes; the boot tests do it. */
const UNTRIED = ['--without-boot-test', 'local stack'] as const;

/** The community's weekly NixOS images, as they lie on GitHub. */
const IMPORT_SOURCE = 'github:nix-community/nixos-images';

export interface LocalStackOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  /** Folder that keeps everything a run makes: bucket, Nix store, Debian packages. */
  readonly state: string;
  /** Folder of the bucket, where another stack may be running on the same state; by default one below it. */
  readonly bucket?: string;
  /** What to serve: smoke images built here, or the NixOS images that are on GitHub today. */
  readonly images?: 'smoke' | 'imported';
  /** Architectures of the smoke images; others than this machine's take a cross compiler. By default x86_64. */
  readonly arches?: readonly Arch[];
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal;
}

export interface LocalStack extends Ready {
  readonly stop: () => Promise<void>;
}

/**
 * Does the whole of the main job on this machine: brings images into a local bucket over its S3 API, promotes them and
 * serves them. What an earlier run left in the state folder is used again.
 * @throws ExecaError if a step fails; what it had to say stands on standard error by then.
 */
export async function startLocalStack({
  port,
  host,
  state,
  images = 'smoke',
  arches = ['x86_64'],
  // A bucket of its own: on one channel, a smoke release and a NixOS release would supersede each other.
  bucket = join(state, images === 'smoke' ? 'bucket' : 'bucket-imported'),
  signal,
}: LocalStackOptions): Promise<LocalStack> {
  await run(['turbo', 'run', 'build', '--filter=@nixos-images/edge', '--output-logs=errors-only'], {}, signal);
  const edge = await startLocalEdge({ port, host, state: bucket });
  // One folder for each choice, or script/server and the boot tests would undo each other's.
  const others = arches.filter((arch) => arch !== 'x86_64');
  const flake = join(state, ['smoke-flake', ...others].join('-'));
  const cache = join(state, 'smoke-flake.cache');
  const environment = {
    SMOKE_FLAKE: flake,
    SMOKE_ARCHES: arches.join(','),
    BUILDER_STATE: join(state, 'builder'),
    BUCKET_ENDPOINT: edge.s3.endpoint,
    BUCKET_NAME: edge.s3.bucket,
    AWS_ACCESS_KEY_ID: edge.s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: edge.s3.secretAccessKey,
  };
  const commands =
    images === 'imported'
      ? [['nixos-images', 'import', IMPORT_SOURCE, '--all', '--promote', ...UNTRIED, ...CONFIG]]
      : [
          ['test/smoke-images/prepare', ...arches.flatMap((arch) => ['--arch', arch]), '--cache', cache, flake],
          [...withNix(state), 'nixos-images', 'publish', ...CONFIG],
          [...withNix(state), 'nixos-images', 'promote', ...CONFIG, ...UNTRIED],
        ];
  try {
    for (const command of commands) await run(command, environment, signal);
  } catch (error) {
    await edge.stop();
    throw error;
  }
  return edge;
}

/** Runs a command with a Nix store of its own. */
function withNix(state: string): string[] {
  return ['test/smoke-images/with-nix', join(state, 'nix')];
}

async function run(
  [file = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await execa(file, args, {
    cwd: ROOT,
    env,
    stdin: 'ignore',
    // Standard output is for the address alone.
    stdout: process.stderr,
    stderr: process.stderr,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    forceKillAfterDelay: 5000,
  });
}
