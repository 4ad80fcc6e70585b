import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../local-nix.ts';
import { evaluateInNixpkgs, nixpkgs } from './nixpkgs.ts';

const standIn = join(root, 'test/nix/stand-in');

/** What the stand-in has and nixpkgs has not: packages and their arguments, functions, modules. */
const MORE_THAN_NIXPKGS = `
  let
    inherit (builtins) attrNames concatMap filter pathExists tryEval;
    inherit (outputs.inputs.nixos-unstable) lib legacyPackages;
    standIn = { lib = import ${standIn}/lib.nix; };
    packagesOf = system: import ${standIn}/pkgs.nix { inherit (standIn) lib; inherit system; };
    # Of overrides, the arguments that the stand-in asks for.
    argumentsOf = package: attrNames (lib.functionArgs (package.override or (_: { })));
    missingIn = path: mine: real: concatMap
      (name:
        let
          found = tryEval (real ? \${name} && builtins.seq real.\${name} true);
          # zfs takes any, and passes them on.
          arguments = filter (argument: name != "zfs" && !(lib.functionArgs real.\${name}.override ? \${argument})) (argumentsOf mine.\${name});
        in
        if !(found.success && found.value) then [ "\${path}.\${name}" ]
        else if mine.\${name}.override or null == null then [ ]
        else map (argument: "\${path}.\${name}.override { \${argument} }") arguments)
      (attrNames mine);
    missingFor = system:
      let mine = packagesOf system; real = legacyPackages.\${system}; in
      missingIn system (removeAttrs mine [ "lib" "system" ]) real
      ++ missingIn "\${system}.pkgsStatic" mine.pkgsStatic real.pkgsStatic;
    functions = filter (name: !(lib ? \${name})) (attrNames standIn.lib);
    modules = filter (file: !pathExists "${nixpkgs}/nixos/modules/\${file}")
      (map (file: lib.removePrefix "${standIn}/modules/" (toString file)) (lib.filesystem.listFilesRecursive ${standIn}/modules));
  in
  concatMap missingFor [ "x86_64-linux" "aarch64-linux" ] ++ functions ++ modules`;

describe.skipIf(nixpkgs === undefined)('the stand-in for nixpkgs', () => {
  it('has no package, argument, function or module that nixpkgs lacks', { timeout: 600_000 }, async () => {
    expect(await evaluateInNixpkgs(MORE_THAN_NIXPKGS)).toEqual([]);
  });
});
