import { isDeepStrictEqual } from 'node:util';
import {
  CATALOG_KEY,
  type Catalog,
  type Manifest,
  stagedChannels,
  type Version,
  versionsOf,
} from '@nixos-images/shared';
import type { Run } from '../run.ts';
import { trustedKeys } from '../sign/signing-key.ts';
import { type Problem, ReleaseCheck } from '../store/check.ts';
import { listVersions, readCatalog } from '../store/stored.ts';
import { checkEdge } from './check-edge.ts';

export interface VerifyOptions {
  /** Read and hash every blob. */
  readonly deep: boolean;
  /** An edge to ask as well. */
  readonly edge: URL | undefined;
}

/** What was looked at, and what is wrong with it. */
export interface Verified {
  readonly releases: number;
  readonly blobs: number;
  readonly bytesRead: number;
  readonly problems: readonly Problem[];
}

/** Edges answer from the catalog's copy of a manifest alone, so it must be that manifest, under its own channel. */
function catalogProblems(catalog: Catalog, manifests: ReadonlyMap<Version, Manifest | undefined>): Problem[] {
  return stagedChannels(catalog, 0).flatMap(({ channel, entry: { current } }) => {
    const object = `${CATALOG_KEY} (${channel})`;
    if (current.channel !== channel) return [{ object, problem: `has a release of ${current.channel}` }];
    const stored = manifests.get(current.version);
    if (stored === undefined || isDeepStrictEqual(stored, current)) return [];
    return [{ object, problem: `says something else of ${current.version} than its manifest` }];
  });
}

/** Whether the bucket, and an edge over it, hold what they promise. */
export async function verifyAll(run: Run, { deep, edge }: VerifyOptions): Promise<Verified> {
  const { bucket, config, progress, signal } = run;
  const stored = await readCatalog(bucket);
  const catalog = stored?.catalog;
  const named = catalog === undefined ? [] : versionsOf(catalog).map(({ version }) => version);
  const versions = [...new Set([...named, ...(await listVersions(bucket))])];
  const task = progress.begin('verify');
  const check = new ReleaseCheck(bucket, {
    keys: trustedKeys(config),
    deep,
    onBlob: ({ name }) => task.detail(name),
    onBytes: task.advance,
  });
  try {
    const manifests = new Map<Version, Manifest | undefined>();
    for (const version of versions) manifests.set(version, await check.release(version));
    const now = await bucket.now();
    const problems = [
      ...(stored?.unknown ?? []).map(({ path, why }) => ({ object: CATALOG_KEY, problem: `${path}: ${why}` })),
      ...(catalog === undefined ? [] : catalogProblems(catalog, manifests)),
      ...check.problems,
      ...(edge && catalog ? await checkEdge(edge, catalog, now, signal) : []),
    ];
    return { releases: versions.length, blobs: check.blobs, bytesRead: check.bytesRead, problems };
  } finally {
    task.drop();
  }
}
