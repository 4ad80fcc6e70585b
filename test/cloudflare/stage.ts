import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Repository } from '../github/local-github/repository.ts';
import { type LocalGithub, startLocalGithub } from '../github/local-github/server.ts';
import { addRelease, todaysAssets } from '../github/stage.ts';
import { Account, type Token } from './local-cloudflare/account.ts';
import { type LocalCloudflare, startLocalCloudflare } from './local-cloudflare/server.ts';

const MAIN = fileURLToPath(import.meta.resolve('nixos-images/bin'));

/** Names its bucket as the config of this repository does; its state is in the folder that is searched for secrets. */
const CONFIG = `export default {
  bucket: { endpoint: process.env.BUCKET_ENDPOINT, name: process.env.BUCKET_NAME },
  channels: { 'nixos-unstable': { flake: 'path:.', images: [{ kind: 'kexec' }] } },
  state: 'state',
};
`;

/** What a run printed, and how it ended. */
export interface Ran {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly token?: Token | string;
  readonly account?: string;
  /** Whether it is told where the edge is; else it works that out. */
  readonly tellEdge?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** A local Cloudflare with an account, and a local GitHub with a release to take over. */
export interface Stage {
  readonly account: Account;
  /** May do all that is needed. */
  readonly token: Token;
  readonly cloudflare: LocalCloudflare;
  readonly github: LocalGithub;
  readonly folder: string;
  /** Runs `nixos-images setup cloudflare …` in a process and a folder of its own. */
  run(args?: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Runs `npx wrangler …` in the root of the repository. */
  wrangler(...args: readonly string[]): Promise<Ran>;
  stop(): Promise<void>;
}

/** Puts everything up. */
export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-cloudflare-'));
  await writeFile(join(folder, 'config.mjs'), CONFIG);
  const account = new Account();
  const token = account.addToken('a', ['r2', 'workers']);
  const source = new Repository('nix-community/nixos-images');
  addRelease(source, 'nixos-unstable', todaysAssets('one'));
  const [github, cloudflare] = await Promise.all([
    startLocalGithub([source]),
    startLocalCloudflare(account, join(folder, 'cloudflare')),
  ]);
  const environment = {
    PATH: process.env['PATH'],
    HOME: folder,
    XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '/root', '.cache'),
    CLOUDFLARE_API_BASE_URL: cloudflare.apiUrl,
    CLOUDFLARE_ACCOUNT_ID: account.id,
    CLOUDFLARE_API_TOKEN: token.value,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_SERVER_URL: github.url,
  };
  return {
    account,
    token,
    cloudflare,
    github,
    folder,
    async run(args = [], options = {}) {
      const given = options.token ?? token;
      const { exitCode, stdout, stderr } = await execa(
        process.execPath,
        [
          ...[MAIN, 'setup', 'cloudflare', '--config', join(folder, 'config.mjs')],
          ...['--bucket-endpoint', cloudflare.s3Endpoint],
          ...(options.tellEdge === false ? [] : ['--edge', cloudflare.edgeUrl]),
          ...args,
        ],
        {
          cwd: folder,
          extendEnv: false,
          env: {
            ...environment,
            CLOUDFLARE_ACCOUNT_ID: options.account ?? account.id,
            CLOUDFLARE_API_TOKEN: typeof given === 'string' ? given : given.value,
            ...options.env,
          },
          ...(options.input !== undefined && { input: options.input }),
          ...(options.signal && { cancelSignal: options.signal, killSignal: 'SIGKILL' as const }),
          reject: false,
        },
      );
      return { code: exitCode, out: stdout, err: stderr };
    },
    async wrangler(...args) {
      const { exitCode, stdout, stderr } = await execa('wrangler', args, {
        cwd: join(import.meta.dirname, '../..'),
        preferLocal: true,
        extendEnv: false,
        env: { ...environment, CI: 'true', WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false' },
        reject: false,
      });
      return { code: exitCode, out: stdout, err: stderr };
    },
    async stop() {
      await Promise.all([github.stop(), cloudflare.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
