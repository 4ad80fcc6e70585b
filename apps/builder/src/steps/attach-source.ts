import { formatJson, releaseKey } from '@nixos-images/shared';
import type { NixOptions } from '../nix/run.ts';
import { billOfMaterials, requisitesOf } from '../sign/bill-of-materials.ts';
import { sealed } from '../sign/envelope.ts';
import type { SigningKey } from '../sign/minisign.ts';
import { flakeMetadata, IN_TOTO, provenanceOf } from '../sign/provenance.ts';
import { writeFirst } from '../store/attach.ts';
import type { Attach } from '../store/publish.ts';

/** Where a release's images were built. */
export interface BuildSource {
  readonly flake: string;
  readonly nix: NixOptions;
}

/** Writes the bill of materials, and with a key the provenance. */
export function attachSource({ flake, nix }: BuildSource, key: SigningKey | undefined): Attach {
  return async (bucket, { manifest }) => {
    const derivations = manifest.images.flatMap(({ origin }) => (origin.from === 'nix' ? [origin.derivation] : []));
    const bill = releaseKey(manifest.version, 'sbom.json');
    if ((await bucket.stat(bill)) === undefined) {
      const text = formatJson(billOfMaterials(manifest, await requisitesOf(derivations, nix)));
      await writeFirst(bucket, bill, text, 'application/vnd.cyclonedx+json');
    }
    const provenance = releaseKey(manifest.version, 'provenance.json');
    if (key === undefined || (await bucket.stat(provenance)) !== undefined) return;
    const statement = provenanceOf(manifest, flake, await flakeMetadata(flake, nix));
    await writeFirst(bucket, provenance, formatJson(sealed(key, IN_TOTO, statement)), 'application/vnd.dsse+json');
  };
}
