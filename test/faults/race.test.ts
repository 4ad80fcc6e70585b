import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalEdge, startLocalEdge } from '@nixos-images/local-edge';
import { versionsOf } from '@nixos-images/shared';
import { execaNode } from 'execa';
import { ReleaseCheck, readCatalog } from 'nixos-images/store';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBucket } from './open-bucket.ts';
import { CHANNEL, sampleVersion } from './sample.ts';

let folder: string;
let localEdge: LocalEdge;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-race-'));
  localEdge = await startLocalEdge({ host: '127.0.0.1', port: 0, state: join(folder, 'bucket'), onLog: () => {} });
});
afterAll(async () => {
  await localEdge.stop();
  await rm(folder, { recursive: true });
});

it('twenty publishers at once lose none of their releases, and the newest is current', async () => {
  const dates = Array.from({ length: 20 }, (_, index) => `202603${`${index + 1}`.padStart(2, '0')}`);
  const publisher = join(import.meta.dirname, 'publisher.ts');
  const began = performance.now();
  await Promise.all(
    dates.map(async (date) => {
      // A folder each: a file that another publisher writes anew is one that changes under the reader, and refused.
      const own = join(folder, date);
      await mkdir(own);
      await execaNode(publisher, [localEdge.s3.endpoint, own, date, date, '65536']);
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const bucket = openBucket(new URL(localEdge.s3.endpoint));
  const catalog = (await readCatalog(bucket))?.catalog;
  if (catalog === undefined) throw new Error('there is no catalog');
  const wanted = dates.map(sampleVersion);
  expect(
    versionsOf(catalog)
      .map(({ version }) => version)
      .toSorted(),
  ).toEqual(wanted);
  expect(catalog.channels[CHANNEL]?.current.version).toBe(wanted.at(-1));
  expect(catalog.generation).toBe(20);
  const check = new ReleaseCheck(bucket, { keys: [], deep: true });
  for (const version of wanted) await check.release(version);
  expect(check.problems).toEqual([]);
  console.log(
    `\nrace of twenty: ${catalog.generation} writes of the catalog, ${wanted.length} releases listed, ${check.blobs} blobs right, ${seconds.toFixed(1)} s`,
  );
});
