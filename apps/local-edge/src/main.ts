#!/usr/bin/env node
import { WorkerNotBuilt } from '@nixos-images/edge/built-worker';
import { Command, InvalidArgumentError } from 'commander';
import { LocalEdgeFailure } from './failure.ts';
import { startLocalEdge } from './local-edge.ts';
import type { Ready } from './ready.ts';

const program = new Command('nixos-images-edge')
  .description('Run the edge Worker and its bucket on this machine.')
  .showHelpAfterError();

program
  .command('serve')
  .description('Serve the images of a local bucket, and the bucket itself over the S3 API.')
  .option('--port <number>', 'TCP port; 0 takes a free one', parsePort, 8787)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--state <folder>', 'folder that keeps the bucket', '.state/bucket')
  .option('--json', 'say where it serves, and how to reach the bucket, as one line of JSON', false)
  .addHelpText(
    'after',
    `
Examples:
  nixos-images-edge serve
  nixos-images-edge serve --host 0.0.0.0 --port 80 --state /var/lib/nixos-images
  nixos-images-edge serve --port 0 --json        {"url":…,"s3":{"endpoint":…,"accessKeyId":…}}

The bucket for the builder: endpoint http://HOST:PORT/cdn-cgi/local/r2/s3, region auto, bucket nixos-images,
access key nixos-images-local, secret key nixos-images-local-secret. Whoever reaches the port can write to it.

One line on standard output says that it answers; what the Worker logs goes to standard error.

Exit codes: 130 and 143 ended by SIGINT and SIGTERM, 1 could not serve, 2 wrong usage.`,
  )
  .action(serve);

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly state: string;
  readonly json: boolean;
}

async function serve({ port, host, state, json }: ServeOptions): Promise<void> {
  const ended = new Promise<number>((resolve) => {
    process.once('SIGINT', () => resolve(130));
    process.once('SIGTERM', () => resolve(143));
  });
  const edge = await startLocalEdge({ port, host, state });
  const ready: Ready = { url: edge.url, s3: edge.s3 };
  console.log(json ? JSON.stringify(ready) : `serving on ${ready.url}`);
  process.exitCode = await ended;
  await edge.stop();
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new InvalidArgumentError('expected a number from 0 to 65535.');
  return port;
}

program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof LocalEdgeFailure || error instanceof WorkerNotBuilt)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
