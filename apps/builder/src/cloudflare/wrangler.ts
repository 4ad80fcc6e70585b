import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import type { Task } from '../progress/progress.ts';
import { ACCOUNT_VARIABLE, type AccountId } from './account.ts';
import { remedyFor } from './api.ts';
import { type ApiToken, TOKEN_VARIABLE } from './api-token.ts';
import type { Deployment } from './deployment.ts';
import { WORKER_PERMISSION } from './worker.ts';

/** What wrangler must not do beside its work: tell Cloudflare about this machine, or leave logs on it. */
const QUIET = {
  CI: 'true',
  NO_COLOR: '1',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
};

interface DeployOptions {
  readonly account: AccountId;
  readonly token: ApiToken;
  /** A host of a zone of the account that the Worker is to answer under, instead of what `wrangler.jsonc` says. */
  readonly domain: string | undefined;
  readonly task: Task;
  readonly signal: AbortSignal;
}

/**
 * Deploys a Worker by the wrangler that its folder has installed, as `npx wrangler deploy` there does: all that `wrangler.jsonc` says is
 * understood by the program that it is written for.
 * @throws Failure with what wrangler said.
 */
export async function deployWorker(deployment: Deployment, options: DeployOptions): Promise<void> {
  const { account, token, domain, task, signal } = options;
  const program = wranglerProgram(deployment);
  const at = domain === undefined ? [] : ['--domain', domain];
  const child = execa(process.execPath, [program, 'deploy', '--env', deployment.environment, ...at], {
    cwd: deployment.folder,
    env: {
      ...QUIET,
      [TOKEN_VARIABLE]: token.value,
      [ACCOUNT_VARIABLE]: account,
      // These would come before a token.
      CLOUDFLARE_API_KEY: undefined,
      CLOUDFLARE_EMAIL: undefined,
      // Its build runs `node`, and means one that understands TypeScript.
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    },
    stdin: 'ignore',
    all: true,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 5000,
  });
  child.all.on('data', (chunk: Buffer) => {
    const line = stripVTControlCharacters(chunk.toString('utf8')).trim().split('\n').at(-1);
    if (line) task.detail(token.redact(line));
  });
  const { failed, all } = await child;
  signal.throwIfAborted();
  if (!failed) return;
  const said = token.redact(errorIn(stripVTControlCharacters(all)));
  const code = /\[code: (\d+)\]/.exec(said)?.[1];
  throw new Failure(`Wrangler could not deploy ${deployment.worker}: ${said.replace(/\.*$/, '.')}`, {
    remedy: remedyFor(code === undefined ? undefined : Number(code), 0, WORKER_PERMISSION),
  });
}

function wranglerProgram({ folder }: Deployment): string {
  const Pack = v.object({ bin: v.object({ wrangler: v.string() }) });
  try {
    const require = createRequire(join(folder, 'package.json'));
    const path = require.resolve('wrangler/package.json');
    return join(dirname(path), v.parse(Pack, require(path)).bin.wrangler);
  } catch (cause) {
    throw new Failure(`Wrangler is not installed in ${folder}.`, {
      remedy: 'Run `npm ci` in the checkout first.',
      exitCode: EXIT.usage,
      cause,
    });
  }
}

/** What wrangler's first error says, on one line: what stands behind the word, and the lines below it that are indented. */
function errorIn(output: string): string {
  const [, error = output.slice(-2000)] = /\[ERROR\](.*(?:\n(?: .*)?(?=\n|$))*)/.exec(output) ?? [];
  const [said = ''] = error.split('If you think this is a bug');
  return said.replaceAll(/\s+/g, ' ').trim();
}
