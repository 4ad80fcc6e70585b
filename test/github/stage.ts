import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalEdge, startLocalEdge } from '@nixos-images/local-edge';
import { runCli } from 'nixos-images/cli';
import { S3Bucket } from 'nixos-images/store';
import { Repository } from './local-github/repository.ts';
import { type LocalGithub, startLocalGithub } from './local-github/server.ts';

/** Options of a promotion: the bytes here are no images, so nothing could boot. */
export const UNTRIED = ['--without-boot-test', 'no images, a test of the import'] as const;

/** The init of a script of today's form; its name says which series it is. */
export const INIT = '/nix/store/7p9x0y5k-nixos-system-nixos-26.11pre56789.gfedcba/init';

/** A netboot script as today's releases have it. */
export function netbootScript(init = INIT): Buffer {
  const base = 'https://github.com/nix-community/nixos-images/releases/download/nixos-unstable';
  return Buffer.from(
    `#!ipxe\nkernel ${base}/bzImage-x86_64-linux init=${init} initrd=initrd-x86_64-linux nohibernate loglevel=4 \${cmdline}\ninitrd ${base}/initrd-x86_64-linux\nboot\n`,
  );
}

/** The assets of a release of today's form; `seed` makes their bytes. */
export function todaysAssets(seed: string): ReadonlyMap<string, Buffer> {
  const bytes = (name: string) => Buffer.from(`${seed} ${name} `.repeat(3000));
  const names = [
    'nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz',
    'nixos-kexec-installer-noninteractive-aarch64-linux.tar.gz',
    'nixos-installer-x86_64-linux.iso',
    'bzImage-x86_64-linux',
    'initrd-x86_64-linux',
  ];
  return new Map([
    ...names.map((name) => [name, bytes(name)] as const),
    ['netboot-x86_64-linux.ipxe', netbootScript()] as const,
  ]);
}

/** A local GitHub, and a local bucket with its edge. */
export interface Stage {
  readonly github: LocalGithub;
  /** Public; has releases of today's form. */
  readonly source: Repository;
  /** The operator's own. The token `writer` may write there, `reader` may not. */
  readonly target: Repository;
  readonly localEdge: LocalEdge;
  readonly bucket: S3Bucket;
  readonly folder: string;
  /** Runs the command line as `nixos-images …`. */
  run(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  stop(): Promise<void>;
}

/** Puts everything up in a folder of its own. */
export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-github-'));
  const source = new Repository('nix-community/nixos-images');
  const target = new Repository('operator/images');
  target.tokens.set('writer', 'write');
  target.tokens.set('reader', 'read');
  const [github, localEdge] = await Promise.all([
    startLocalGithub([source, target]),
    startLocalEdge({ port: 0, host: '127.0.0.1', state: join(folder, 'bucket'), onLog: () => {} }),
  ]);
  const { endpoint, bucket: name, region, accessKeyId, secretAccessKey } = localEdge.s3;
  const config = {
    bucket: { endpoint, name },
    state: 'state',
    mirror: { repository: target.fullName, rolling: true },
    channels: { 'nixos-unstable': { flake: 'path:.', images: [{ kind: 'kexec' }] } },
  };
  await writeFile(join(folder, 'config.mjs'), `export default ${JSON.stringify(config)};\n`);
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_SERVER_URL: github.url,
  });
  delete process.env['GH_TOKEN'];
  delete process.env['GITHUB_TOKEN'];
  return {
    github,
    source,
    target,
    localEdge,
    bucket: new S3Bucket(name, {
      endpoint: new URL(endpoint),
      region,
      credentials: { accessKeyId, secretAccessKey, sessionToken: undefined },
    }),
    folder,
    async run(...args) {
      const out: string[] = [];
      const err: string[] = [];
      const code = await runCli(['node', 'nixos-images', ...args, '--config', join(folder, 'config.mjs')], {
        stdout: { write: (text) => out.push(text) },
        stderr: { write: (text) => err.push(text) },
        signal: new AbortController().signal,
      });
      return { code, out: out.join(''), err: err.join('') };
    },
    async stop() {
      await Promise.all([github.stop(), localEdge.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Gives a repository a release with these assets. */
export function addRelease(repository: Repository, tag: string, assets: ReadonlyMap<string, Buffer>): void {
  const release = repository.createRelease({ tag_name: tag });
  for (const [name, bytes] of assets) repository.addAsset(release, name, bytes);
}
