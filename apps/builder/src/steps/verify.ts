import { versionsOf } from '@nixos-images/shared';
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

/** Whether the bucket, and an edge over it, hold what they promise. */
export async function verifyAll(run: Run, { deep, edge }: VerifyOptions): Promise<Verified> {
  const { bucket, config, progress, signal } = run;
  const catalog = (await readCatalog(bucket))?.catalog;
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
    for (const version of versions) await check.release(version);
    const problems = [...check.problems, ...(edge && catalog ? await checkEdge(edge, catalog, signal) : [])];
    return { releases: versions.length, blobs: check.blobs, bytesRead: check.bytesRead, problems };
  } finally {
    task.drop();
  }
}
