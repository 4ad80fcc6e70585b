import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WorkerNotBuilt } from '@nixos-images/edge/built-worker';
import { ExecaError } from 'execa';
import { LocalEdgeFailure } from './failure.ts';
import { startLocalStack } from './local-stack.ts';

const USAGE = `usage: script/server [--import] [--port N] [--host ADDRESS] [--state DIR]

Builds the smoke images with Nix, publishes them to a local bucket and serves them; sets up what is missing first.
Prints "serving on http://…" when it is ready. Ctrl-C ends it. Run again, it uses what the last run left.

  --import        serve the NixOS images that github.com/nix-community/nixos-images has today instead of smoke
                  images; GITHUB_TOKEN, if it is set, raises GitHub's rate limit
  --port N        TCP port (8787); 0 takes a free one
  --host ADDRESS  address to listen on (127.0.0.1)
  --state DIR     folder for the bucket, the Nix store and Debian's packages (.state)

  script/server --host 0.0.0.0 --port 80     serve the machines of a local network; whoever
                                              reaches the port can also write to the bucket`;

function usageError(sentence: string): never {
  console.error(`script/server: ${sentence}\n\n${USAGE}`);
  process.exit(2);
}

function parseOptions() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '8787' },
        host: { type: 'string', default: '127.0.0.1' },
        state: { type: 'string', default: '.state' },
        import: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return usageError(error instanceof Error ? error.message : String(error));
  }
}

const options = parseOptions();
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
const port = Number(options.port);
if (!/^\d{1,5}$/.test(options.port) || port > 65535) usageError('--port takes a number from 0 to 65535.');

const ending = new AbortController();
let exitCode = 0;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    exitCode = code;
    ending.abort();
  });
}

try {
  const stack = await startLocalStack({
    port,
    host: options.host,
    state: resolve(options.state),
    images: options.import ? 'imported' : 'smoke',
    signal: ending.signal,
  });
  console.log(`serving on ${stack.url}`);
  if (!ending.signal.aborted) await new Promise((end) => ending.signal.addEventListener('abort', end, { once: true }));
  await stack.stop();
} catch (error) {
  if (!ending.signal.aborted) {
    exitCode = 1;
    if (error instanceof ExecaError) console.error(`script/server: ${error.shortMessage}`);
    else if (error instanceof LocalEdgeFailure || error instanceof WorkerNotBuilt)
      console.error(`script/server: ${error.message}`);
    else throw error;
  }
}
process.exitCode = exitCode;
