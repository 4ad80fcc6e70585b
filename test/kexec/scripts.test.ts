import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

async function shellScripts(): Promise<string[]> {
  const folders = [
    'nix/kexec',
    'nix/lean',
    'test/smoke-images',
    'test/smoke-images/build',
    'test/smoke-images/rootfs',
    'test/smoke-images/rootfs/systemd',
  ];
  const scripts: string[] = [];
  for (const folder of folders) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const file = join(folder, entry.name);
      if (!entry.isFile()) continue;
      const { stdout } = await execa('head', ['-n', '1', file], { cwd: root });
      if (/^#!.*sh$|^# shellcheck shell=/.test(stdout)) scripts.push(file);
    }
  }
  return scripts;
}

it.each(await shellScripts())('%s has nothing that shellcheck minds', async (script) => {
  const result = await execa('shellcheck', ['--external-sources', script], { cwd: root, reject: false });
  expect(result.stdout).toBe('');
  expect(result.exitCode).toBe(0);
});

const beforeTheJump = (await shellScripts()).filter((script) => /^nix\/kexec\/(run|.*\.sh)$/.test(script));

it.each(beforeTheJump)('%s is read by every shell that may be /bin/sh', async (script) => {
  for (const shell of ['dash', 'busybox sh', 'bash --posix', 'mksh', 'yash']) {
    const [command, ...args] = [...shell.split(' '), '-n', script];
    await execa(String(command), args, { cwd: root, env: { LC_ALL: 'C' } });
  }
});

it('no jq program includes one that includes another: jq 1.8.2 aborts over it', async () => {
  const folder = join(root, 'nix/kexec');
  const programs = (await readdir(folder)).filter((file) => file.endsWith('.jq'));
  const includes = new Map<string, string[]>();
  for (const program of programs) {
    const text = await readFile(join(folder, program), 'utf8');
    includes.set(
      program,
      [...text.matchAll(/^(?:include|import) "([^"]+)"/gm)].map(([, name]) => `${name}.jq`),
    );
  }
  const libraries = [...includes.values()].flat();
  expect(libraries).toContain('network.jq');
  for (const library of libraries) expect(includes.get(library), library).toEqual([]);
});
