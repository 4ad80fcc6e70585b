import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { EXIT, Failure } from '../failure.ts';
import { S3Bucket } from '../s3/s3-bucket.ts';

/** An edge of this machine with an empty bucket of its own. */
export interface LocalEdge extends AsyncDisposable {
  readonly url: URL;
  readonly bucket: S3Bucket;
}

/** As `nixos-images-edge serve --help` names them: the local bucket is no secret. */
const LOCAL_BUCKET = 'nixos-images';
const CREDENTIALS = {
  accessKeyId: 'nixos-images-local',
  secretAccessKey: 'nixos-images-local-secret',
  sessionToken: undefined,
};

/**
 * Starts the edge that a deployment runs (`nixos-images-edge serve`) over a folder; disposing ends it.
 * @throws Failure when it is not installed, or does not come up.
 */
export async function startLocalEdge(folder: string, signal: AbortSignal): Promise<LocalEdge> {
  const child = execa('nixos-images-edge', ['serve', '--port', '0', '--state', folder], {
    preferLocal: true,
    localDir: import.meta.dirname,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 5000,
  });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /^serving on (\S+)$/.exec(line)?.[1];
    if (address === undefined) continue;
    const url = new URL(address);
    const endpoint = new URL('/cdn-cgi/local/r2/s3', url);
    const bucket = new S3Bucket(LOCAL_BUCKET, { endpoint, region: 'auto', credentials: CREDENTIALS, signal });
    return {
      url,
      bucket,
      [Symbol.asyncDispose]: async () => {
        child.kill('SIGTERM');
        await child;
      },
    };
  }
  const { code } = await child;
  signal.throwIfAborted();
  if (code === 'ENOENT') {
    throw new Failure('nixos-images-edge is missing, and the boot gate serves the images with it.', {
      remedy: 'Run `npm ci` in the checkout of nixos-images.',
      exitCode: EXIT.usage,
    });
  }
  throw new Failure(
    `The edge that the boot gate needs did not start: ${errors.join(' ').trim() || 'it said nothing'}`,
    {
      remedy: 'If the Worker is not built: npm run build.',
      exitCode: EXIT.usage,
    },
  );
}
