import { createServer, type RequestListener } from 'node:http';
import { CATALOG_KEY, formatJson, type Manifest } from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../config.ts';
import { silentProgress } from '../progress/progress.ts';
import { ModelBucket, ModelStore } from '../testing/model-bucket.ts';
import { verifyAll } from './verify.ts';

const config = parseConfig(
  {
    bucket: { endpoint: 'http://127.0.0.1', name: 'images' },
    channels: { 'nixos-26.05': { flake: '.', images: [{ kind: 'kexec' }] } },
  },
  '/config.ts',
);

let store: ModelStore;
let manifest: Manifest;

beforeEach(async () => {
  store = new ModelStore();
  const release = await sampleRelease({
    version: '26.05.20260820.e17386d',
    channel: 'nixos-26.05',
    size: 64,
    published: '2026-08-20T00:00:00.000Z',
    kinds: ['kexec'],
  });
  manifest = release.manifest;
  for (const [key, bytes] of release.objects) store.put(key, new TextDecoder().decode(bytes), bytes.length);
  store.put(CATALOG_KEY, formatJson(sampleCatalog([manifest]).catalog));
});

/** Changes the catalog as a hand or a fault might, and says what verify finds. */
async function problemsAfter(from: string | RegExp, to: string, edge?: URL) {
  const text = store.objects.get(CATALOG_KEY)?.text ?? '';
  expect(text).toMatch(from);
  store.put(CATALOG_KEY, text.replace(from, to));
  const run = {
    config,
    bucket: new ModelBucket(store),
    progress: silentProgress,
    signal: new AbortController().signal,
  };
  return (await verifyAll(run, { deep: false, edge })).problems;
}

describe('verify holds what edges answer from against the stored manifests', () => {
  it('and finds nothing in a catalog as it was written', async () => {
    expect(await problemsAfter('"generation"', '"generation"')).toEqual([]);
  });

  it('and finds another digest in the catalog', async () => {
    const object = 'catalog.json (nixos-26.05)';
    expect(await problemsAfter(/"sha256": "[0-9a-f]{64}"/, `"sha256": "${'0'.repeat(64)}"`)).toEqual([
      { object, problem: `says something else of ${manifest.version} than its manifest` },
    ]);
  });

  it('and finds the release of one channel under the name of another', async () => {
    expect(await problemsAfter('"nixos-26.05": {', '"nixos-25.11": {')).toEqual([
      { object: 'catalog.json (nixos-25.11)', problem: 'has a release of nixos-26.05' },
    ]);
  });

  it('and names what it does not know', async () => {
    expect(await problemsAfter('"promoted"', '"weather": "fine", "promoted"')).toEqual([
      { object: 'catalog.json', problem: 'channels.nixos-26.05.weather: unknown field' },
    ]);
  });
});

describe('verify --edge asks for bytes', () => {
  let close: () => void = () => {};
  afterEach(() => close());

  async function serve(answer: RequestListener): Promise<URL> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    close = () => server.close();
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a listening TCP server has a port');
    return new URL(`http://127.0.0.1:${address.port}`);
  }

  it('and is not content with a HEAD that promises them', async () => {
    const edge = await serve((request, response) => {
      if (request.url?.endsWith('manifest.json')) response.end(formatJson(manifest));
      else if (request.method === 'HEAD') response.writeHead(200, { 'Content-Length': 64 }).end();
      else response.writeHead(502).end();
    });
    const problems = await problemsAfter('"generation"', '"generation"', edge);
    expect(problems.length).toBe(manifest.images.length * 2);
    for (const { problem } of problems) expect(problem).toBe('answers 502');
  });
});
