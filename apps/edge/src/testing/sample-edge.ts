import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type SampleOptions, type SampleRelease, sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { createEdge } from '../worker.ts';

/** The release that is published unless a test says otherwise. */
const SAMPLE: SampleOptions = {
  version: '26.05.20260820.e17386d',
  channel: 'nixos-26.05',
  size: 4096,
  published: '2026-08-20T00:00:00.000Z',
};

/** Asks an edge for a path, with settings and bindings beside its own; resolves once it has done what it does behind an answer, too. */
export type Ask = (path: string, init?: RequestInit, bindings?: object) => Promise<Response>;

interface SampleEdgeOptions {
  /** Instead of the bucket that the tests of a file share. */
  readonly bucket?: R2Bucket;
  /** Where it is asked. */
  readonly origin?: string;
  readonly log?: (line: string) => void;
}

/** Starts an edge that holds nothing yet, as a new isolate does. */
export function startEdge({
  bucket = env.BUCKET,
  origin = 'http://edge.test',
  log = () => {},
}: SampleEdgeOptions = {}): Ask {
  const edge = createEdge(log);
  return async (path, init, bindings) => {
    const context = createExecutionContext();
    const response = await edge.fetch(new Request(`${origin}${path}`, init), { BUCKET: bucket, ...bindings }, context);
    await waitOnExecutionContext(context);
    return response;
  };
}

/** Puts a sample release into the bucket, with a catalog that names it alone. */
export async function publishSample(differently: Partial<SampleOptions> = {}): Promise<SampleRelease> {
  const release = await sampleRelease({ ...SAMPLE, ...differently });
  for (const [key, bytes] of release.objects) await env.BUCKET.put(key, bytes);
  const { key, bytes } = sampleCatalog([release.manifest]);
  await env.BUCKET.put(key, bytes);
  return release;
}
