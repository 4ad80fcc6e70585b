import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobKey } from '@nixos-images/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PIECE } from '../../apps/builder/src/digest.ts';
import { Failure } from '../../apps/builder/src/failure.ts';
import { ReleaseCheck } from '../../apps/builder/src/release/check.ts';
import { FaultProxy } from './fault-proxy.ts';
import { keysOf, openBucket } from './open-bucket.ts';
import { hasRadosgw, type Radosgw, startRadosgw } from './radosgw.ts';
import { makeSample, publishSample, release } from './sample.ts';

// script/test installs it; where it is not, the same promises are tested against the local bucket only.
describe.skipIf(!(await hasRadosgw()))('radosgw, a second S3 server', () => {
  let folder: string;
  let server: Radosgw;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nixos-images-radosgw-'));
    server = await startRadosgw(folder);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('takes releases and gives back what was put in', async () => {
    const bucket = openBucket(server.endpoint);
    const [first, second] = [
      await makeSample(folder, { date: '20260101' }),
      await makeSample(folder, { date: '20260201' }),
    ];
    expect((await release(bucket, first)).promotion.outcome).toBe('promoted');
    expect((await publishSample(bucket, second)).created).toBe(true);
    expect(await publishSample(bucket, second)).toMatchObject({ created: false, uploadedBlobs: 0 });
    const check = new ReleaseCheck(bucket, { keys: [], deep: true });
    for (const { version } of [first, second]) await check.release(version);
    expect(check.problems).toEqual([]);
  });

  // Ceph 16 answers 412 to every If-Match on PutObject.
  it('is told from a race: a server whose If-Match does not work is named as such', async () => {
    const bucket = openBucket(server.endpoint);
    const update = release(bucket, await makeSample(folder, { date: '20260202' }));
    await expect(update).rejects.toThrow('The server refuses If-Match');
  });

  it('lists parts, so a broken-off upload goes on where it stopped', async () => {
    const sample = await makeSample(folder, { date: '20260301', initrdSize: 6 * PIECE });
    const initrd = sample.draft.blobs.at(-1)?.digest.sha256;
    if (initrd === undefined) throw new Error('the sample has no initrd');
    await using proxy = await FaultProxy.start(server.endpoint);
    const isPart = ({ name }: { name: string }) => name.startsWith('PUT') && name.includes(' part ');
    // Undisturbed until some parts are through, then nothing works any more.
    const watch = setInterval(() => {
      const through = proxy.operations.filter((each) => isPart(each) && each.status === 200).length;
      if (through >= 2) proxy.planned ??= { fault: 'down', at: proxy.operations.length + 1 };
    }, 1);
    await expect(publishSample(openBucket(proxy.endpoint), sample)).rejects.toThrow(Failure);
    clearInterval(watch);
    const through = proxy.operations.filter((each) => isPart(each) && each.status === 200).length;
    proxy.plan(undefined);
    await publishSample(openBucket(proxy.endpoint), sample);
    expect(proxy.operations.filter(isPart)).toHaveLength(6 - through);
    expect(await keysOf(openBucket(server.endpoint))).toContain(blobKey(initrd));
    expect(await openBucket(server.endpoint).openUploads('blobs/')).toEqual([]);
  });
});
