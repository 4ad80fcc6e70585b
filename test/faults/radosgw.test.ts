import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobKey, Sha256 } from '@nixos-images/shared';
import { Failure, PIECE, ReleaseCheck, sha256Hex } from 'nixos-images/store';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultProxy } from './fault-proxy.ts';
import { emptyBucket, keysOf, LOCAL_CREDENTIALS, openBucket } from './open-bucket.ts';
import { hasRadosgw, type Radosgw, startRadosgw } from './radosgw.ts';
import { runBuilder } from './run-builder.ts';
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

  it('lists uploads, so gc ends those that broke off, once they are old enough', async () => {
    const bucket = openBucket(server.endpoint);
    await emptyBucket(bucket);
    const blob = sha256Hex('never finished');
    const foreign = 'someone/else';
    for (const key of [blobKey(blob), foreign]) await bucket.beginUpload(key, 'text/plain', 'no-cache');
    const open = async () => (await bucket.openUploads(''))?.map(({ key }) => key);
    expect(await gc(server, 1, '--delete'), 'it is young').toEqual([]);
    // Radosgw's clock has whole seconds.
    await expect.poll(() => gc(server, 0), { timeout: 5000 }).toEqual([blob]);
    expect(await open(), 'a dry run only tells').toEqual([blobKey(blob), foreign]);
    expect(await gc(server, 0, '--delete')).toEqual([blob]);
    expect(await open()).toEqual([foreign]);
    expect(await gc(server, 0)).toEqual([]);
  });

  it('lets a publish begin again whose upload gc ended under it', async () => {
    const sample = await makeSample(folder, { date: '20260401', initrdSize: 3 * PIECE });
    const bucket = openBucket(server.endpoint);
    await emptyBucket(bucket);
    const uploadPart = bucket.uploadPart.bind(bucket);
    const ended: Sha256[] = [];
    bucket.uploadPart = async (...part) => {
      while (ended.length === 0) {
        ended.push(...(await gc(server, 0, '--delete')));
      }
      return uploadPart(...part);
    };
    const { manifest } = await publishSample(bucket, sample);
    expect(sample.draft.blobs.map(({ digest }) => digest.sha256)).toContain(ended[0]);
    const check = new ReleaseCheck(bucket, { keys: [], deep: true });
    await check.release(manifest.version);
    expect(check.problems).toEqual([]);
  });
});

/** What `gc` finds or deletes there. */
async function gc({ endpoint }: Radosgw, graceHours: number, ...args: readonly string[]): Promise<Sha256[]> {
  const channels = { 'nixos-26.05': { flake: 'path:.', images: [{ kind: 'kexec' }] } };
  const config = join(tmpdir(), `nixos-images-gc-${process.pid}-${graceHours}.mjs`);
  const value = { bucket: { endpoint: endpoint.href, name: 'nixos-images' }, channels, graceHours };
  await writeFile(config, `export default ${JSON.stringify(value)};\n`);
  const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS;
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  const { uploads } = JSON.parse(await runBuilder('gc', ...args, '--json', '--config', config));
  return v.parse(v.array(v.object({ sha256: Sha256 })), uploads).map(({ sha256 }) => sha256);
}
