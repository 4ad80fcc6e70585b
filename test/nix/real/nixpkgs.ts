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
 * What an output evaluates to, and what Nix said meanwhile. Nothing is built.
 *
 * @param output one of {@link listOutputs}
 * @param apply a Nix function that the output goes through; it sees the flake's `outputs`
 * @param derivations whether they are written into the store, for {@link readDerivations}
 */
export async function evaluateOutput(
  output: string,
  apply = 'output: output.drvPath',
  derivations: 'written' | 'not written' = 'not written',
) {
  const expression = `(${apply}) (builtins.foldl' (set: name: set.\${name}) outputs ${pathTo(output)})`;
  const options = derivations === 'written' ? [] : ['--read-only'];
  const { stdout, stderr } = await evaluate(expression, ...options);
  const value: unknown = JSON.parse(stdout);
  return { value, said: stderr };
}

export interface Derivation {
  readonly name: string;
  /** Made from sources, and not put together from other derivations or fetched. */
  readonly compiled: boolean;
}

const Attributes = v.record(v.string(), v.unknown());
const Shown = v.record(
  v.string(),
  v.object({
    name: v.string(),
    env: Attributes,
    structuredAttrs: v.optional(Attributes, {}),
    outputs: v.record(v.string(), v.object({ hash: v.optional(v.string()) })),
  }),
);

/** Derivations that were written, with all that they are made with, by path. */
export async function readDerivations(paths: readonly string[]): Promise<Map<string, Derivation>> {
  const options = { env: environment, maxBuffer: 1_000_000_000 };
  const { stdout } = await execa('nix', ['derivation', 'show', '--recursive', '--stdin'], {
    ...options,
    input: paths.join('\n'),
  });
  const answer = v.parse(Attributes, JSON.parse(stdout));
  // Nix 2.34 puts a version beside them.
  const shown = v.parse(Shown, answer['derivations'] ?? answer);
  return new Map(
    Object.entries(shown).map(([path, { name, env, structuredAttrs, outputs }]) => {
      // A text that something is put into has a source, too, but is no program with a version.
      const has = (...names: string[]) => names.some((name) => name in env || name in structuredAttrs);
      const hasSource = has('src', 'srcs') && has('pname');
      const isFetched = Object.values(outputs).some(({ hash }) => hash !== undefined);
      return [path, { name, compiled: hasSource && !isFetched }];
    }),
  );
}
