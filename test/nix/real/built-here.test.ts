import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { root } from '../local-nix.ts';
import { evaluateOutput, nixpkgs, readDerivations } from './nixpkgs.ts';

/** Minutes by the name of what is built, by kind and by variant. */
const BuiltHere = v.record(v.string(), v.record(v.string(), v.number()));
const builtHere = v.parse(BuiltHere, JSON.parse(await readFile(join(root, 'nix/built-here.json'), 'utf8')));

/** Images of nixpkgs' own, and kernels with their modules: NixOS's cache has them, and all that they are built with. */
const IN_THE_CACHE = `
  let
    channel = outputs.inputs.nixos-unstable;
    build = module: (channel.lib.nixosSystem {
      modules = [ "\${channel}/nixos/modules/\${module}" { nixpkgs.hostPlatform = "x86_64-linux"; system.stateVersion = "26.05"; } ];
    }).config.system.build;
    inherit (image.config.boot) kernelPackages;
    plain = builtins.filter
      (candidate: (builtins.tryEval (candidate.kernel.drvPath == kernelPackages.kernel.drvPath)) == { success = true; value = true; })
      (map (name: channel.legacyPackages.x86_64-linux.linuxKernel.packages.\${name})
        (builtins.filter (name: builtins.match "linux_[0-9]+_[0-9]+" name != null)
          (builtins.attrNames channel.legacyPackages.x86_64-linux.linuxKernel.packages)));
    modules = candidate: map (name: candidate.\${name}) (builtins.filter (name: candidate ? \${name})
      [ "kernel" "bcachefs" image.config.boot.zfs.package.kernelModuleAttribute ]);
  in
  map (package: package.drvPath) (
    [
      (build "installer/cd-dvd/installation-cd-minimal.nix").isoImage
      (build "installer/netboot/netboot-minimal.nix").netbootRamdisk
    ]
    ++ builtins.concatMap modules plain
  )
`;

/** What nixpkgs has under names that programs of the image go by, unchanged: its cache has that, too. */
const namesakes = (names: readonly string[]) => `
  let
    packages = outputs.inputs.nixos-unstable.legacyPackages.x86_64-linux;
    drvPath = name: builtins.tryEval (packages.\${name}.drvPath or null);
  in
  builtins.filter (path: path != null) (map (name: let found = drvPath name; in if found.success then found.value else null)
    (builtins.fromJSON ${JSON.stringify(JSON.stringify(names))}))
`;

const withoutVersion = (name: string) =>
  name.replace('-x86_64-unknown-linux-musl', '').replace(/-[0-9][^-]*(-[0-9][^-]*)*$/, '');
const paths = (value: unknown) => v.parse(v.array(v.string()), value);

describe.skipIf(nixpkgs === undefined)('what no cache has', () => {
  it.each([
    ['kexec', 'noninteractive'],
    ['kexec', 'low-memory'],
    ['iso', 'interactive'],
  ])('of %s-%s is listed in nix/built-here.json', { timeout: 900_000 }, async (kind, variant) => {
    const output = ['packages', 'x86_64-linux', `${kind}-${variant}-nixos-unstable`].join('/');
    const evaluate = async (expression: string) =>
      paths((await evaluateOutput(output, `image: ${expression}`, 'written')).value);

    const image = await readDerivations(await evaluate('[ image.drvPath ]'));
    const cached = await readDerivations(await evaluate(IN_THE_CACHE));
    const unknown = () => [...image].filter(([path, { compiled }]) => compiled && !cached.has(path));
    const names = [...new Set(unknown().map(([, { name }]) => withoutVersion(name)))];
    for (const [path, derivation] of await readDerivations(await evaluate(namesakes(names))))
      cached.set(path, derivation);

    const built = unknown().map(([, { name }]) => withoutVersion(name));
    expect([...new Set(built)].sort()).toEqual(Object.keys({ ...builtHere[kind], ...builtHere[variant] }).sort());
  });
});
