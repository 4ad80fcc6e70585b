import { join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import { ownNix, root } from '../local-nix.ts';

/** The folder of the nixpkgs that the tests of this folder hold the flake against; without it they are skipped. */
export const nixpkgs = process.env['NIXPKGS'] || undefined;
if (nixpkgs === undefined) console.log('skipped: no nixpkgs (NIXPKGS names the folder of one)');

// Of its own: a newer Nix than the other tests' would change their database to one that theirs cannot read.
const environment = await ownNix(join(root, '.state/nix-real'));

const Names = v.array(v.string());

/** A Nix list of the attributes from the flake's outputs to one of them, given with slashes between them. */
const pathTo = (output: string) =>
  `[ ${output
    .split('/')
    .map((name) => JSON.stringify(name))
    .join(' ')} ]`;

async function evaluate(expression: string, ...options: string[]) {
  const argument = (value: string | undefined) => JSON.stringify(value ?? '');
  const arguments_ = `{ project = ${argument(root)}; nixpkgs = ${argument(nixpkgs)}; }`;
  const text = `let outputs = import ${join(root, 'test/nix/real/outputs.nix')} ${arguments_}; in ${expression}`;
  return execa('nix', ['eval', '--json', '--impure', ...options, '--expr', text], { env: environment });
}

/** Every output of the flake that is a derivation, as kind, system and name with slashes between them. */
export async function listOutputs(): Promise<readonly string[]> {
  const { stdout } = await evaluate(`
    let
      inherit (builtins) attrNames concatMap map;
      ofSystem = kind: system: map (name: "\${kind}/\${system}/\${name}") (attrNames outputs.\${kind}.\${system});
      ofKind = kind: concatMap (ofSystem kind) (attrNames outputs.\${kind});
    in
    concatMap ofKind [ "packages" "checks" "devShells" ] ++ map (system: "formatter/\${system}") (attrNames outputs.formatter)
  `);
  return v.parse(Names, JSON.parse(stdout));
}

/**
 * What an output evaluates to, and what Nix said meanwhile. Nothing is built, and no derivation is written.
 *
 * @param output one of {@link listOutputs}
 * @param apply a Nix function that the output goes through
 */
export async function evaluateOutput(output: string, apply = 'output: output.drvPath') {
  const expression = `(${apply}) (builtins.foldl' (set: name: set.\${name}) outputs ${pathTo(output)})`;
  const { stdout, stderr } = await evaluate(expression, '--read-only');
  const value: unknown = JSON.parse(stdout);
  return { value, said: stderr };
}
