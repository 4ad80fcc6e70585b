#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import { type Stack, StackFailure, startStack } from './stack.ts';

const program = new Command('nixos-images-edge')
  .description('Run the edge Worker and its bucket on this machine.')
  .showHelpAfterError();

program
  .command('serve')
  .description('Serve the images of a local bucket, and the bucket itself over the S3 API.')
  .option('--port <number>', 'TCP port; 0 takes a free one', parsePort, 8787)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--state <folder>', 'folder that keeps the bucket', '.state/bucket')
  .addHelpText(
    'after',
    `
Examples:
  nixos-images-edge serve
  nixos-images-edge serve --host 0.0.0.0 --port 80 --state /var/lib/nixos-images

The bucket for the builder: endpoint http://HOST:PORT/cdn-cgi/local/r2/s3, region auto, bucket nixos-images,
access key nixos-images-local, secret key nixos-images-local-secret. Whoever reaches the port can write to it.

Exit codes: 0 ended by a signal, 1 could not serve, 2 wrong usage.`,
  )
  .action(serve);

async function serve({ port, host, state }: { port: number; host: string; state: string }): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const stack = await startStack({ port, host, state });
  await serveUntil(stack, ended);
}

async function serveUntil(stack: Stack, ended: Promise<void>): Promise<void> {
  console.log(`serving on ${stack.url}`);
  await ended;
  await stack.stop();
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
  if (!(error instanceof StackFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
