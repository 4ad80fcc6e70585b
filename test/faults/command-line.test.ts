import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LocalEdge, startLocalEdge } from '@nixos-images/local-edge';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keysOf, openBucket } from './open-bucket.ts';

let folder: string;
let localEdge: LocalEdge;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-command-line-'));
  localEdge = await startLocalEdge({ host: '127.0.0.1', port: 0, state: join(folder, 'bucket'), onLog: () => {} });
});
afterAll(async () => {
  await localEdge.stop();
  await rm(folder, { recursive: true });
});

const MAIN = fileURLToPath(import.meta.resolve('nixos-images/bin'));

interface RunOptions {
  readonly endpoint?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function run(args: readonly string[], { endpoint = localEdge.s3.endpoint, env = {} }: RunOptions = {}) {
  const config = join(folder, 'nixos-images.config.ts');
  const channels = {
    'nixos-26.05': { flake: `path:${folder}/flake`, images: [{ kind: 'kexec', arches: ['x86_64'] }] },
  };
  const value = { bucket: { endpoint, name: 'nixos-images' }, channels, state: join(folder, 'state') };
  await writeFile(config, `export default ${JSON.stringify(value)};\n`);
  return execa(process.execPath, [MAIN, ...args, '--config', config], {
    env: { AWS_ACCESS_KEY_ID: 'nixos-images-local', AWS_SECRET_ACCESS_KEY: 'nixos-images-local-secret', ...env },
    reject: false,
  });
}

/** One clear sentence and what to do: no stack trace, no more than a few lines. */
function expectSentence(stderr: string): void {
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr.split('\n').length).toBeLessThanOrEqual(3);
}

describe('the command line', () => {
  it('names the channels there are when one is unknown, exit 2', async () => {
    const { exitCode, stderr } = await run(['plan', '--channel', '19.03']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('It has: nixos-26.05.');
    expectSentence(stderr);
  });

  it('names Nix and how to get it when it is missing, exit 2', async () => {
    const { exitCode, stderr } = await run(['plan'], { env: { PATH: '/nowhere' } });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^nix is missing\.\n.*nixos\.org/);
    expectSentence(stderr);
  });

  it('says in a sentence that the bucket cannot be reached, exit 1', async () => {
    const { exitCode, stderr } = await run(['list'], { endpoint: 'http://127.0.0.1:9/' });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('The bucket at 127.0.0.1:9 cannot be reached');
    expectSentence(stderr);
  });

  it('names the variable when there are no credentials, exit 2', async () => {
    const { exitCode, stderr } = await run(['list'], { env: { AWS_ACCESS_KEY_ID: '' } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('AWS_ACCESS_KEY_ID');
    expectSentence(stderr);
  });

  it.each(['plan', 'build', 'publish', 'promote', 'list', 'rollback', 'freeze', 'verify', 'gc', 'keygen'])(
    'shows examples with %s --help, exit 0',
    async (name) => {
      const { exitCode, stdout } = await execa(process.execPath, [MAIN, name, '--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`$ nixos-images ${name}`);
    },
  );

  it('prints JSON alone on stdout', async () => {
    const { exitCode, stdout } = await run(['list', '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ channels: [] });
  });

  it('ends Nix with itself on Ctrl-C, and leaves the bucket alone', async () => {
    await mkdir(join(folder, 'flake'), { recursive: true });
    await mkdir(join(folder, 'nix/conf'), { recursive: true });
    await writeFile(join(folder, 'flake/flake.nix'), SLEEPING_FLAKE);
    await writeFile(join(folder, 'nix/conf/nix.conf'), NIX_CONF);
    const env = {
      NIX_STORE_DIR: join(folder, 'nix/store'),
      NIX_STATE_DIR: join(folder, 'nix/state'),
      NIX_LOG_DIR: join(folder, 'nix/log'),
      NIX_CONF_DIR: join(folder, 'nix/conf'),
      XDG_CACHE_HOME: join(folder, 'nix/cache'),
    };
    const child = run(['publish'], { env });
    const builders = () => commandsWith([SLEEP]);
    await expect.poll(async () => (await builders()).length, { timeout: 60_000 }).toBeGreaterThan(0);
    for (const pid of await commandsWith([MAIN, folder])) process.kill(pid, 'SIGINT');
    const { exitCode, stderr } = await child;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Interrupted.');
    expect(await commandsWith(['nix-store', folder])).toEqual([]);
    expect(await builders()).toEqual([]);
    expect(await keysOf(openBucket(new URL(localEdge.s3.endpoint)))).toEqual([]);
  });
});

const NIX_CONF = `experimental-features = nix-command flakes
sandbox = false
build-users-group =
substitute = false
flake-registry =
`;

/** Nobody else sleeps as long. */
const SLEEP = `${1_000_000 + process.pid}`;

/** An image whose build takes days: only the signal ends it. */
const SLEEPING_FLAKE = `{
  outputs = _: {
    packages.x86_64-linux."kexec-noninteractive-nixos-26.05" = (derivation {
      name = "sleeper";
      system = "x86_64-linux";
      builder = "/bin/sh";
      PATH = "${process.env['PATH']}";
      args = [ "-c" "sleep ${SLEEP}" ];
    }) // {
      image = {
        kind = "kexec"; arch = "x86_64"; variant = "noninteractive"; channel = "nixos-26.05"; smoke = true;
        nixpkgs = { version = "26.05.20260820.e17386d"; revision = "e17386d"; };
      };
    };
  };
}
`;

/** Processes whose command line holds all these texts. */
async function commandsWith(texts: readonly string[]): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return texts.every((text) => command.includes(text)) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}
