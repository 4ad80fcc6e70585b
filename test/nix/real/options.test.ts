import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { root } from '../local-nix.ts';
import { evaluateDeclarations, evaluateInStandIn, nixpkgs } from './nixpkgs.ts';

const standIn = join(root, 'test/nix/stand-in');
const Declarations = v.record(v.string(), v.record(v.string(), v.unknown()));
const declared = v.parse(Declarations, JSON.parse(await readFile(join(standIn, 'options.json'), 'utf8')));

/** Names that lead from a system's configuration into the value of an option. */
type Path = readonly string[];
const Paths = v.array(v.array(v.string()));

/** What the modules of every image set, those of the stand-in's own modules of nixpkgs included. */
const pathsSet = async () =>
  v.parse(
    Paths,
    await evaluateInStandIn(
      `builtins.concatMap (system: system.used) (import ${join(root, 'test/nix/real/systems.nix')} outputs)`,
    ),
  );

/** What the modules and the tests read of a configuration: `config.a.b`, and `inherit (config.a) b`. */
async function pathsRead(): Promise<readonly Path[]> {
  const modules = (await readdir(join(root, 'nix'), { recursive: true })).filter((file) => file.endsWith('.nix'));
  const files = [...modules.map((file) => `nix/${file}`), 'test/nix/golden.test.ts'];
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  return texts.flatMap((text) => {
    const inherited = [...text.matchAll(/inherit \(config((?:\.[\w-]+)*)\)([^;]+);/g)];
    return [
      ...[...text.matchAll(/\bconfig((?:\.[\w-]+)+)/g)].map(([, path = '']) => path.slice(1).split('.')),
      ...inherited.flatMap(([, path = '', names = '']) =>
        names.split(/\s+/).map((name) => [...path.split('.').slice(1), name].filter((part) => part !== '')),
      ),
    ];
  });
}

const text = (path: Path) => path.join('.');
const used = [...new Map([...(await pathsSet()), ...(await pathsRead())].map((path) => [text(path), path])).values()];

/** An option's path as the beginning of others; names of members stand for any. */
const isBeginning = (option: Path, path: Path) =>
  option.every((name, index) => name === path[index] || (name === '<name>' && path[index] !== undefined));

describe('the options that the stand-in for nixpkgs declares', () => {
  it('are all set or read by a module', () => {
    const unused = Object.keys(declared).filter((name) => !used.some((path) => isBeginning(name.split('.'), path)));
    expect(unused).toEqual([]);
  });

  it('are none that nixpkgs has removed or renamed', () => {
    expect(Object.entries(declared).filter(([, { removed, renamed }]) => removed || renamed)).toEqual([]);
  });

  it.skipIf(nixpkgs === undefined)(
    'have the types and defaults of nixpkgs itself (vitest --update writes them anew)',
    { timeout: 600_000 },
    async () => {
      const file = join(standIn, 'options.json');
      const real = v.parse(Declarations, await evaluateDeclarations(used));
      const lines = Object.entries(real).map(([name, option]) => `${JSON.stringify(name)}: ${JSON.stringify(option)}`);
      const { stdout } = await execa('biome', ['format', `--stdin-file-path=${file}`], {
        input: `{\n${lines.join(',\n')}\n}\n`,
        preferLocal: true,
        cwd: root,
        stripFinalNewline: false,
      });
      await expect(stdout).toMatchFileSnapshot(file);
    },
  );
});
