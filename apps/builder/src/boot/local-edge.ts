import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Ready } from '@nixos-images/local-edge/ready';
import { parseJson } from '@nixos-images/shared';
import { execa } from 'execa';
import { EXIT, Failure } from '../failure.ts';
import { S3Bucket } from '../s3/s3-bucket.ts';

/** An edge of this machine with an empty bucket of its own. */
export interface LocalEdge extends AsyncDisposable {
  readonly url: URL;
  readonly bucket: S3Bucket;
}

const MAIN = fileURLToPath(import.meta.resolve('@nixos-images/local-edge/main'));

/**
 * Starts the edge that a deployment runs (`nixos-images-edge serve`) over a folder; disposing ends it.
 * @throws Failure when it does not come up.
 */
export async function startLocalEdge(folder: string, signal: AbortSignal): Promise<LocalEdge> {
  const child = execa(process.execPath, [MAIN, 'serve', '--port', '0', '--state', folder, '--json'], {
    stdin: 'ignore',
    buffer: false,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 5000,
  });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, s3 } = parseJson(Ready, line, 'what the local edge prints');
    const { accessKeyId, secretAccessKey } = s3;
    const bucket = new S3Bucket(s3.bucket, {
      endpoint: new URL(s3.endpoint),
      region: s3.region,
      credentials: { accessKeyId, secretAccessKey, sessionToken: undefined },
      signal,
    });
    return {
      url: new URL(url),
      bucket,
      [Symbol.asyncDispose]: async () => {
        child.kill('SIGTERM');
        await child;
      },
    };
  }
  await child;
  signal.throwIfAborted();
  throw new Failure(
    `The edge that the boot gate needs did not start: ${errors.join(' ').trim() || 'it said nothing'}`,
    {
      remedy: 'If the Worker is not built: npm run build.',
      exitCode: EXIT.usage,
    },
  );
}
