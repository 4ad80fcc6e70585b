import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { execa } from 'execa';

export const root = join(import.meta.dirname, '../..');
const state = join(root, '.state/nix-test');

/**
 * Where this Nix keeps everything: the machine's own store is neither read nor written. Building needs no sandbox and
 * no build users, so it works as root in any container. Evaluation may build nothing: `nix flake show` has to be quick,
 * and to work for systems that this machine cannot build for.
 */
const config = `experimental-features = nix-command flakes
sandbox = false
build-users-group =
substitute = false
flake-registry =
warn-dirty = false
allow-import-from-derivation = false
fsync-metadata = false
`;

/** Prepares a folder that Nix keeps everything in, and gives the environment that says so. */
export async function ownNix(folder: string) {
  await mkdir(join(folder, 'conf'), { recursive: true });
  await mkdir(join(folder, 'home'), { recursive: true });
  await writeFile(join(folder, 'conf/nix.conf'), config);
  return {
    NIX_STORE_DIR: join(folder, 'store'),
    NIX_STATE_DIR: join(folder, 'var'),
    NIX_LOG_DIR: join(folder, 'log'),
    NIX_CONF_DIR: join(folder, 'conf'),
    NIX_PATH: '',
    XDG_CACHE_HOME: join(folder, 'cache'),
    HOME: join(folder, 'home'),
  };
}
const environment = await ownNix(state);

/** A fixed identity and time, so that the same files always make the same revision. */
const git = {
  GIT_AUTHOR_NAME: 'test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_AUTHOR_DATE: '2026-08-20T00:00:00Z',
  GIT_COMMITTER_NAME: 'test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
  GIT_COMMITTER_DATE: '2026-08-20T00:00:00Z',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

async function commit(folder: string): Promise<void> {
  const options = { cwd: folder, env: git };
  await execa('git', ['init', '--quiet', '--initial-branch=main'], options);
  await execa('git', ['add', '--all'], options);
  await execa('git', ['commit', '--quiet', '--message=files of the working tree'], options);
}

/** Copies the flake and its stand-in for nixpkgs into repositories of their own, and gives their addresses. */
async function copyProject(folder: string, standIn: 'git' | 'path') {
  await rm(folder, { recursive: true, force: true });
  await cp(join(root, 'flake.nix'), join(folder, 'flake/flake.nix'));
  await cp(join(root, 'flake.lock'), join(folder, 'flake/flake.lock'));
  await cp(join(root, 'nix'), join(folder, 'flake/nix'), { recursive: true });
  // What the NixOS tests read beside it.
  const asked = createRequire(import.meta.url).resolve('@nixos-images/shared/asked-of-installers.json');
  await cp(asked, join(folder, 'flake', relative(root, asked)));
  await cp(join(import.meta.dirname, 'stand-in'), join(folder, 'nixpkgs'), { recursive: true });
  await writeFile(join(folder, 'nixpkgs/path'), `${process.env['PATH']}`);
  await commit(join(folder, 'flake'));
  if (standIn === 'git') await commit(join(folder, 'nixpkgs'));
  const target = `${standIn === 'git' ? 'git+file://' : 'path:'}${join(folder, 'nixpkgs')}`;
  const channels = new Map(['nixos-unstable', 'nixos-26_05'].map((input) => [input, target]));
  return { flake: `git+file://${join(folder, 'flake')}`, channels };
}

/** A flake that can be evaluated and built without a network. */
export class LocalFlake {
  readonly #url: string;
  readonly #inputs: readonly string[];

  private constructor(url: string, inputs: ReadonlyMap<string, string>) {
    this.#url = url;
    const overrides = [...inputs].flatMap(([input, target]) => ['--override-input', input, target]);
    this.#inputs = [...overrides, '--no-write-lock-file'];
  }

  /**
   * The project's flake as it is in the working tree, committed or not, with the stand-in for nixpkgs
   * (test/nix/stand-in) in place of every channel.
   *
   * @param name of a folder below `.state/nix-test`, so that test files do not share one
   * @param standIn where the stand-in comes from: a git repository, as nixpkgs does, or a plain folder
   */
  static async ofProject(name: string, standIn: 'git' | 'path' = 'git'): Promise<LocalFlake> {
    const { flake, channels } = await copyProject(join(state, name), standIn);
    return new LocalFlake(flake, channels);
  }

  /** A flake of somebody who makes images of their own with this project (test/nix/own-images). */
  static async ofUser(name: string): Promise<LocalFlake> {
    const folder = join(state, name);
    const { flake, channels } = await copyProject(folder, 'git');
    await cp(join(import.meta.dirname, 'own-images'), join(folder, 'user'), { recursive: true });
    await commit(join(folder, 'user'));
    const nested = [...channels].map(([input, target]) => [`nixos-images/${input}`, target] as const);
    return new LocalFlake(`git+file://${join(folder, 'user')}`, new Map([['nixos-images', flake], ...nested]));
  }

  /** What Nix has against the flake's lock as it is, without any other input in place; undefined when it pins every input. */
  async errorOfLock(): Promise<string | undefined> {
    const arguments_ = ['flake', 'metadata', '--json', '--no-update-lock-file', this.#url];
    const result = await execa('nix', arguments_, { env: environment, reject: false });
    return result.exitCode === 0 ? undefined : result.stderr;
  }

  /** What an attribute of the flake evaluates to; `apply` is a Nix function that it goes through. */
  async eval(attribute: string, apply = 'value: value'): Promise<unknown> {
    const arguments_ = ['eval', '--json', `${this.#url}#${attribute}`, '--apply', apply];
    const { stdout } = await execa('nix', [...arguments_, ...this.#inputs], { env: environment });
    return JSON.parse(stdout);
  }

  /** What Nix prints when an attribute cannot be evaluated; undefined when it can. */
  async errorOf(attribute: string, apply = 'value: value'): Promise<string | undefined> {
    const arguments_ = ['eval', '--json', `${this.#url}#${attribute}`, '--apply', apply];
    const result = await execa('nix', [...arguments_, ...this.#inputs], { env: environment, reject: false });
    return result.exitCode === 0 ? undefined : result.stderr;
  }

  /** Builds an attribute and gives the path of its output. */
  async build(attribute: string): Promise<string> {
    const arguments_ = ['build', '--no-link', '--json', `${this.#url}#${attribute}`];
    const { stdout } = await execa('nix', [...arguments_, ...this.#inputs], { env: environment });
    const [built] = JSON.parse(stdout);
    return String(built.outputs.out);
  }

  /** A path of the store with all that it needs at run time. */
  async closureOf(path: string): Promise<readonly string[]> {
    const { stdout } = await execa('nix-store', ['--query', '--requisites', path], { env: environment });
    return stdout.split('\n');
  }
}

/** Whether Nix can read a file's syntax; its complaint if not. */
export async function parseError(file: string): Promise<string | undefined> {
  const result = await execa('nix-instantiate', ['--parse', file], {
    env: environment,
    reject: false,
    stdout: 'ignore',
  });
  return result.exitCode === 0 ? undefined : result.stderr;
}
