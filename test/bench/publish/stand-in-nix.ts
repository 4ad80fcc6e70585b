import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Arch } from '@nixos-images/shared';
import { makeFile } from './make-file.ts';

/** Images that need no building, and programs that answer for Nix at once: what is measured is the builder alone. */
export interface StandInNix {
  /** Folder with `nix` and `nix-store`, to stand first on the PATH. */
  readonly programs: string;
  /** A config of one channel whose flake they know. */
  config(endpoint: URL, bucket: string, state: string): object;
}

const CHANNEL = 'nixos-26.05';
const VARIANTS = ['interactive', 'noninteractive'] as const;
const ARCHES: readonly Arch[] = ['x86_64', 'aarch64'];
const NIXPKGS = { version: '26.05.20260101.abcdef0', revision: 'abcdef0' };

/** Makes images of `bytes` in all, two of each architecture, as outputs of a flake. */
export async function makeStandInNix(folder: string, bytes: number): Promise<StandInNix> {
  const programs = join(folder, 'programs');
  await mkdir(programs, { recursive: true });
  const answers: object[] = [];
  // In the order in which the builder asks: the config's images, and of each its architectures.
  for (const variant of VARIANTS) {
    for (const arch of ARCHES) {
      const output = join(folder, `${'0'.repeat(32)}-kexec-${arch}-${variant}`);
      await mkdir(output);
      await makeFile(join(output, 'image.tar.gz'), Math.round(bytes / (VARIANTS.length * ARCHES.length)));
      const facts = { kind: 'kexec', arch, variant, channel: CHANNEL, smoke: true, nixpkgs: NIXPKGS };
      const description = { ...facts, schema: 1, kernelVersion: '6.12', files: { tarball: 'image.tar.gz' } };
      await writeFile(join(output, 'image.json'), JSON.stringify(description));
      answers.push({ found: true, derivation: `/nix/store/${basename(output)}.drv`, storePath: output, image: facts });
    }
  }
  const metadata = { url: 'path:.', locked: {}, locks: {} };
  await writeFile(join(folder, 'evaluated.json'), JSON.stringify(answers));
  await writeFile(join(folder, 'metadata.json'), JSON.stringify(metadata));
  const nix = `#!/bin/sh\ncase $1 in eval) cat ${folder}/evaluated.json ;; *) cat ${folder}/metadata.json ;; esac\n`;
  await writeFile(join(programs, 'nix'), nix, { mode: 0o755 });
  await writeFile(join(programs, 'nix-store'), '#!/bin/sh\n', { mode: 0o755 });
  const images = VARIANTS.map((variant) => ({ kind: 'kexec', variant }));
  return {
    programs,
    config: (endpoint, name, state) => ({
      bucket: { endpoint: endpoint.href, name },
      state,
      channels: { [CHANNEL]: { flake: 'path:.', images } },
    }),
  };
}
