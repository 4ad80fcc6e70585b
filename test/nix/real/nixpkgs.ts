import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import { ownNix, root } from '../local-nix.ts';

/** The folder of the nixpkgs that the tests of this folder hold the flake against; without it they are skipped. */
export const nixpkgs = process.env['NIXPKGS'] || undefined;
if (nixpkgs === undefined) console.log('skipped: no nixpkgs (NIXPKGS names the folder of one)');

// Of its own for each Nix: a newer one changes the database to one that an older one cannot read.
const version = (await execa('nix', ['--version'])).stdout.split(' ').at(-1);
const state = join(root, '.state/nix-real', `${version}`);
const environment = await ownNix(state);

const Names = v.array(v.string());

/** A Nix list of the attributes from the flake's outputs to one of them, given with slashes between them. */
const pathTo = (output: string) =>
  `[ ${output
    .split('/')
    .map((name) => JSON.stringify(name))
    .join(' ')} ]`;

/** What an expression evaluates to that sees the flake's `outputs`, with one folder as every nixpkgs. */
async function evaluateWith(tree: string | undefined, expression: string, ...options: string[]) {
  const argument = (value: string | undefined) => JSON.stringify(value ?? '');
  const arguments_ = `{ project = ${argument(root)}; nixpkgs = ${argument(tree)}; }`;
  const text = `let outputs = import ${join(root, 'test/nix/real/outputs.nix')} ${arguments_}; in ${expression}`;
  return execa('nix', ['eval', '--json', '--impure', ...options, '--expr', text], { env: environment });
}
const evaluate = (expression: string, ...options: string[]) => evaluateWith(nixpkgs, expression, ...options);

/** What an expression evaluates to with the stand-in for nixpkgs. */
export async function evaluateInStandIn(expression: string): Promise<unknown> {
  return JSON.parse((await evaluateWith(join(root, 'test/nix/stand-in'), expression)).stdout);
}

/** What an expression evaluates to with nixpkgs itself. */
export async function evaluateInNixpkgs(expression: string): Promise<unknown> {
  return JSON.parse((await evaluate(expression, '--read-only')).stdout);
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

/**
 * What nixpkgs declares of options (declarations.nix).
 *
 * @param paths names that lead to an option and on into its value
 */
export async function evaluateDeclarations(paths: readonly (readonly string[])[]): Promise<unknown> {
  const file = join(state, 'paths.json');
  await writeFile(file, JSON.stringify(paths));
  const { stdout } = await evaluate(
    `import ${join(root, 'test/nix/real/declarations.nix')} {
      nixpkgs = outputs.inputs.nixos-unstable;
      systems = import ${join(root, 'test/nix/real/systems.nix')} outputs;
      paths = builtins.fromJSON (builtins.readFile ${file});
    }`,
    '--read-only',
  );
  return JSON.parse(stdout);
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
