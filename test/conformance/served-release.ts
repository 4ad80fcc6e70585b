import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalEdge, startLocalEdge } from '@nixos-images/local-edge';
import { type SampleOptions, type SampleRelease, sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';

/** A running edge that serves one made-up release of nixos-26.05. */
export interface ServedRelease {
  readonly localEdge: LocalEdge;
  readonly release: SampleRelease;
  /** What the edge logged so far, one line a request. */
  readonly log: readonly string[];
  readonly stop: () => Promise<void>;
}

const OPTIONS: SampleOptions = {
  version: '26.05.20260820.e17386d',
  channel: 'nixos-26.05',
  size: 10_000,
  published: '2026-08-20T04:05:06.000Z',
  variants: ['interactive', 'low-memory'],
};

/** Starts the edge on a bucket of its own and publishes a release there. */
export async function serveRelease(
  options: Partial<SampleOptions> = {},
  vars: Readonly<Record<string, string>> = {},
): Promise<ServedRelease> {
  const state = await mkdtemp(join(tmpdir(), 'nixos-images-conformance-'));
  const release = await sampleRelease({ ...OPTIONS, ...options });
  const log: string[] = [];
  const localEdge = await startLocalEdge({ host: '127.0.0.1', port: 0, state, vars, onLog: (line) => log.push(line) });
  for (const [key, bytes] of release.objects) await localEdge.put(key, bytes);
  const { key, bytes } = sampleCatalog([release.manifest]);
  await localEdge.put(key, bytes);
  return {
    localEdge,
    release,
    log,
    stop: async () => {
      await localEdge.stop();
      await rm(state, { recursive: true, force: true });
    },
  };
}
