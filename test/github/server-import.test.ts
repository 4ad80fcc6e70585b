import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalStack } from '@nixos-images/local-edge/stack';
import { expect, it } from 'vitest';
import { Repository } from './local-github/repository.ts';
import { startLocalGithub } from './local-github/server.ts';
import { addRelease, INIT, todaysAssets } from './stage.ts';

it('script/server --import serves what is on GitHub', async () => {
  const repository = new Repository('nix-community/nixos-images');
  const assets = todaysAssets('github');
  addRelease(repository, 'nixos-unstable', assets);
  const github = await startLocalGithub([repository]);
  Object.assign(process.env, { GITHUB_API_URL: github.apiUrl, GITHUB_SERVER_URL: github.url });
  const state = await mkdtemp(join(tmpdir(), 'nixos-images-server-import-'));
  const stack = await startLocalStack({ port: 0, host: '127.0.0.1', state, images: 'imported' });
  try {
    const tarball = await fetch(`${stack.url}/kexec@unstable/x86_64.tar.gz`);
    expect(Buffer.from(await tarball.arrayBuffer())).toEqual(
      assets.get('nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz'),
    );
    const script = await (await fetch(`${stack.url}/netboot@unstable/x86_64.ipxe`)).text();
    expect(script).toContain(`init=${INIT}`);
    expect(script).toContain('nohibernate loglevel=4');
    expect(github.differences).toEqual([]);
  } finally {
    await stack.stop();
    await github.stop();
    await rm(state, { recursive: true, force: true });
  }
}, 120_000);
