import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Manifest } from '@nixos-images/shared';
import pack from '../../package.json' with { type: 'json' };
import { type NixOptions, runNix } from '../nix/run.ts';

/**
 * Every derivation and source that the given derivations are built from. The images' own outputs refer to nothing (what
 * they hold is packed), so it is the derivations that tell what went in.
 */
export async function requisitesOf(derivations: readonly string[], options: NixOptions): Promise<string[]> {
  const stdout = await runNix('nix-store', ['--query', '--requisites', ...derivations], options);
  return [...new Set(stdout.split('\n').filter(Boolean))].toSorted();
}

/** Name and version of a store path, cut where Nix cuts them: at the first dash that a digit follows. */
export function nameAndVersion(path: string): { name: string; version: string } {
  const whole = basename(path)
    .slice(33)
    .replace(/\.drv$/, '');
  const [, name = whole, version = ''] = /^(.*?)-(\d.*)$/.exec(whole) ?? [];
  return { name, version };
}

/** A UUID (RFC 9562, version 8) that is always the same for a release. */
function uuidOf(manifest: Manifest): string {
  const hex = createHash('sha256').update(`bill of materials ${manifest.version}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/** The CycloneDX 1.5 bill of materials of a release. */
export function billOfMaterials(manifest: Manifest, requisites: readonly string[]): object {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(manifest)}`,
    version: 1,
    metadata: {
      timestamp: manifest.published,
      tools: { components: [{ type: 'application', name: 'nixos-images', version: pack.version }] },
      component: { type: 'operating-system', name: manifest.channel, version: manifest.version },
    },
    components: requisites.map((path) => ({
      type: path.endsWith('.drv') ? 'library' : 'file',
      'bom-ref': path,
      ...nameAndVersion(path),
      properties: [{ name: 'nix:store-path', value: path }],
    })),
  };
}
