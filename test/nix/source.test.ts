import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { parseError, root } from './local-nix.ts';

const listed = await execa('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.nix', 'nix'], {
  cwd: root,
});
const files = listed.stdout.split('\n').filter((file) => file !== '');
const nixFiles = files.filter((file) => file.endsWith('.nix'));
const read = (file: string) => readFile(join(root, file), 'utf8');
const hasNixfmt = (await execa('nixfmt', ['--version'], { reject: false })).exitCode === 0;
const scripts: string[] = [];
for (const file of files) {
  if (file.endsWith('.sh') || /^#!.*\bsh\n/.test(await read(file))) scripts.push(file);
}

describe('Nix files', () => {
  it.each(nixFiles)('%s parses', async (file) => {
    expect(await parseError(join(root, file))).toBeUndefined();
  });

  it.runIf(hasNixfmt)('are as nixfmt writes them', async () => {
    const { stderr } = await execa('nixfmt', ['--check', ...nixFiles], { cwd: root, reject: false });
    expect(stderr).toBe('');
  });

  // Debian has no nixfmt: this much of its rules can be checked without it.
  it.each(nixFiles)('%s is indented by two blanks, and no line ends in one', async (file) => {
    const wrong = (await read(file))
      .split('\n')
      .filter((line) => /\t|\s$/.test(line) || (line.match(/^ */)?.[0].length ?? 0) % 2 === 1);
    expect(wrong).toEqual([]);
  });

  it.each(nixFiles)('%s says what it is for, or is a flake that does', async (file) => {
    const text = await read(file);
    const isModuleOfStandIn = file.startsWith('test/nix/stand-in/modules/');
    expect(isModuleOfStandIn || text.startsWith('#') || /^\s*description = /m.test(text)).toBe(true);
  });
});

describe('shell scripts', () => {
  it.each(scripts)('%s passes shellcheck', async (file) => {
    const { stdout } = await execa('shellcheck', ['--external-sources', file], { cwd: root, reject: false });
    expect(stdout).toBe('');
  });

  it.each(scripts.filter((file) => !file.endsWith('.sh')))('%s can be executed', async (file) => {
    await execa('test', ['-x', file], { cwd: root });
  });
});
