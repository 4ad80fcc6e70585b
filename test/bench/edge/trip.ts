/**
 * Counts the files of ours that a GET of /kexec/x86_64 runs through: those with a function that is called between the request and the
 * last byte of the answer, as V8's coverage tells. First on a Worker that has just started, then on one that has the answer.
 * The sources themselves run in Node, over a bucket in memory.
 *
 *     node test/bench/edge/trip.ts
 */
import { Session } from 'node:inspector/promises';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import * as v from 'valibot';

const ROOT = new URL('../../../', import.meta.url).href;
const Edge = v.object({ default: v.object({ fetch: v.function() }) });

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** The files in which a function was called since the last time, without the evaluation of the modules themselves. */
async function filesRunThrough(): Promise<string[]> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result
    .filter(({ url }) => url.startsWith(ROOT) && /\/(apps|packages)\//.test(url) && !url.includes('/testing/'))
    .filter(({ functions }) =>
      functions.some(({ functionName, ranges: [range] }) => {
        const isModule = functionName === '' && range?.startOffset === 0;
        return !isModule && (range?.count ?? 0) > 0;
      }),
    )
    .map(({ url }) => url.slice(ROOT.length))
    .toSorted();
}

const { manifest, objects } = await sampleRelease({
  version: '26.05.20260820.e17386d',
  channel: 'nixos-26.05',
  size: 4096,
  published: '2026-08-20T04:05:06.000Z',
});
const { key: catalogKey, bytes: catalog } = sampleCatalog([manifest]);
const stored = new Map([...objects, [catalogKey, catalog]]);
const BUCKET = {
  get: async (key: string, { range }: { range?: { offset: number; length: number } } = {}) => {
    const bytes = stored.get(key);
    if (bytes === undefined) return null;
    const part = range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length);
    const response = new Response(part);
    return { size: bytes.length, etag: key, uploaded: new Date(), body: response.body, text: () => response.text() };
  },
};

// By its address: the types of the Workers runtime are not those of Node.
const { fetch: answer } = v.parse(Edge, await import(import.meta.resolve('@nixos-images/edge/worker'))).default;
const print = console.log;
console.log = () => {};
for (const state of ['cold', 'warm']) {
  await filesRunThrough();
  const response = v.parse(
    v.instance(Response),
    await answer(new Request('http://edge.test/kexec/x86_64'), { BUCKET }, { waitUntil: () => {} }),
  );
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`the edge answered ${response.status}`);
  const files = await filesRunThrough();
  print(`${state}: ${files.length} files`);
  for (const file of files) print(`    ${file}`);
}
