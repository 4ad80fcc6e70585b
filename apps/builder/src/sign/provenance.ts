import { listedFilesOf, type Manifest } from '@nixos-images/shared';
import * as v from 'valibot';
import pack from '../../package.json' with { type: 'json' };
import { type NixOptions, runNix } from '../nix/run.ts';

export const IN_TOTO = 'application/vnd.in-toto+json';
const BUILD_TYPE = 'https://nixos.org/flakes/nix-store-realise/v1';

const FlakeMetadata = v.object({
  url: v.string(),
  locked: v.looseObject({ narHash: v.optional(v.string()), rev: v.optional(v.string()) }),
  locks: v.unknown(),
});

/** Where a flake was when it was evaluated, and all that it locks. */
export type FlakeMetadata = v.InferOutput<typeof FlakeMetadata>;

/** Asks Nix for a flake's locked address and lock file. */
export async function flakeMetadata(flake: string, options: NixOptions): Promise<FlakeMetadata> {
  return v.parse(FlakeMetadata, JSON.parse(await runNix('nix', ['flake', 'metadata', '--json', flake], options)));
}

/**
 * The in-toto statement of a release with a SLSA provenance (https://slsa.dev/spec/v1.0/provenance): which files were
 * made of what, by which builder.
 */
export function provenanceOf(manifest: Manifest, flake: string, { url, locked, locks }: FlakeMetadata): object {
  const digest = {
    ...(locked.rev !== undefined && { gitCommit: locked.rev }),
    ...(locked.narHash !== undefined && { narHash: locked.narHash }),
  };
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: manifest.images
      .flatMap(listedFilesOf)
      .map(({ file }) => ({ name: file.name, digest: { sha256: file.sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: { flake, channel: manifest.channel },
        internalParameters: {
          flakeLock: locks,
          images: manifest.images.map(({ kind, arch, variant, origin }) => ({ kind, arch, variant, origin })),
        },
        resolvedDependencies: [
          { uri: url, digest },
          ...(manifest.nixpkgs === undefined
            ? []
            : [{ uri: 'git+https://github.com/NixOS/nixpkgs', digest: { gitCommit: manifest.nixpkgs.revision } }]),
        ],
      },
      runDetails: {
        builder: { id: 'https://github.com/nixos-images/builder', version: { 'nixos-images': pack.version } },
        metadata: { invocationId: manifest.version, finishedOn: manifest.published },
      },
    },
  };
}
