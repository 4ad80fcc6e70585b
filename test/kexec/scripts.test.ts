import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

async function shellScripts(): Promise<string[]> {
  const folders = [
    'nix/kexec',
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

it.each([
  'nix/kexec/run',
  'nix/kexec/refuse.sh',
  'nix/kexec/save.sh',
  'nix/kexec/save-network.sh',
  'nix/kexec/sshd.sh',
])('%s is read by dash and busybox', async (script) => {
  for (const shell of [['dash'], ['busybox', 'sh']]) {
    const [command, ...args] = [...shell, '-n', script];
    await execa(String(command), args, { cwd: root });
  }
});
