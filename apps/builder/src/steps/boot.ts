import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BootRecord,
  type BootTest,
  type File,
  filesOf,
  formatImageId,
  formatJson,
  type Manifest,
  releaseKey,
  timeOf,
} from '@nixos-images/shared';
import { bootRelease } from '../boot/gate.ts';
import { type LocalEdge, startLocalEdge } from '../boot/local-edge.ts';
import { Failure, systemFailure } from '../failure.ts';
import { formatBytes } from '../progress/format.ts';
import type { Progress } from '../progress/progress.ts';
import type { Run } from '../run.ts';
import type { Bucket } from '../store/bucket.ts';
import { sizeOf } from '../store/draft.ts';
import { promote } from '../store/promote.ts';
import { publish } from '../store/publish.ts';
import { readBlob } from '../store/read-blob.ts';
import { IMMUTABLE, readBootRecord } from '../store/stored.ts';
import type { BlobFile } from '../store/upload.ts';

/**
 * The boot gate: a release passes if all its images boot. Each is copied from the bucket behind a local edge and started from there,
 * in every way this machine can. What came of it becomes the release's boot record. A release that passed before, passes.
 * @param without why the machines need not be started; recorded with the release.
 * @throws Failure when an image did not boot, or none could be tried; nothing is recorded then, so that it can be tried again.
 */
export async function bootImages(run: Run, manifest: Manifest, without?: string): Promise<BootRecord> {
  const { bucket } = run;
  const former = await readBootRecord(bucket, manifest.version);
  if (former !== undefined && (former.gate === 'run' || without !== undefined)) return former;
  const outcome =
    without === undefined
      ? ({ gate: 'run', ...(await bootAll(run, manifest)) } as const)
      : ({ gate: 'skipped', reason: without } as const);
  const record: BootRecord = { schema: 1, version: manifest.version, time: timeOf(await bucket.now()), ...outcome };
  // A record of a skipped gate may stand there: it is replaced by one of a gate that ran, never the other way round.
  const condition = former === undefined ? { condition: { ifAbsent: true } as const } : {};
  await bucket.write(releaseKey(manifest.version, 'boot.json'), formatJson(record), {
    contentType: 'application/json',
    cacheControl: IMMUTABLE,
    ...condition,
  });
  return record;
}

async function bootAll({ bucket, config, progress, signal }: Run, manifest: Manifest) {
  const folder = join(config.state, 'boot', manifest.version);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await requireRoom(folder, manifest);
  const task = progress.begin(`boot ${manifest.version}`);
  try {
    await using edge = await startLocalEdge(join(folder, 'bucket'), signal);
    await copyRelease(bucket, manifest, edge, { folder, progress });
    const { tools, tests } = await bootRelease({
      manifest,
      edge: edge.url,
      folder: join(folder, 'logs'),
      signal,
      onResult: (test) => progress.note(`boot ${testText(test)}`),
      onStep: task.detail,
    });
    refuseFailed(manifest, tests, join(folder, 'logs'));
    return { tools, tests: [...tests] };
  } finally {
    task.drop();
    // The logs stay, for who wants to know why.
    for (const copies of ['bucket', 'blobs']) await rm(join(folder, copies), { recursive: true, force: true });
  }
}

/**
 * The release is copied twice: out of the bucket, and into the local edge's, which could only say that something went wrong.
 * @throws Failure when there is no room for that.
 */
async function requireRoom(folder: string, manifest: Manifest): Promise<void> {
  const needed = 2 * sizeOf(manifest);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  throw new Failure(
    `The disk has not enough room for the boot gate: ${folder} has ${formatBytes(bavail * bsize)} and needs ${formatBytes(needed)}.`,
    { remedy: 'Make room, or set `state` in the config to a folder of another disk, then run the same command again.' },
  );
}

/** Copies a release into a local edge's bucket, checking every byte on the way, and makes it current there. */
async function copyRelease(
  from: Bucket,
  manifest: Manifest,
  edge: LocalEdge,
  { folder, progress }: { folder: string; progress: Progress },
): Promise<void> {
  const files = new Map(manifest.images.flatMap(filesOf).map(({ file }) => [file.sha256, file]));
  const blobs: BlobFile[] = [];
  await mkdir(join(folder, 'blobs'), { recursive: true });
  for (const file of files.values()) blobs.push(await fetchBlob(from, file, join(folder, 'blobs', file.sha256)));
  const copy = { channel: manifest.channel, blobs, manifestFor: () => manifest };
  await publish(edge.bucket, copy, { progress });
  await promote(edge.bucket, manifest);
  for (const { path } of blobs) await rm(path);
}

/** A damaged blob is no fault of the image that it belongs to: it is found here, before anything boots. */
async function fetchBlob(from: Bucket, blob: File, path: string): Promise<BlobFile> {
  try {
    await using file = await open(path, 'w');
    const digest = await readBlob(from, blob, async (bytes) => {
      await file.appendFile(bytes);
    });
    return { path, digest };
  } catch (error) {
    throw systemFailure(error, path) ?? error;
  }
}

function refuseFailed(manifest: Manifest, tests: readonly BootTest[], logs: string): void {
  const failed = tests.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0) {
    throw new Failure(`${manifest.version} was not promoted: ${failed.map(testText).join('; ')}.`, {
      remedy: `The consoles are in ${logs}. To promote it nevertheless: --without-boot-test REASON.`,
    });
  }
  if (!tests.some(({ outcome }) => outcome === 'booted')) {
    throw new Failure(`${manifest.version} was not promoted: no image of it can be started on this machine.`, {
      remedy: `${tests.map(testText)[0] ?? ''}. To promote it nevertheless: --without-boot-test REASON.`,
    });
  }
}

/** One boot test in a line. */
export function testText(test: BootTest): string {
  const image = `${formatImageId(test)} by ${test.path}`;
  switch (test.outcome) {
    case 'booted':
      return `${image}: booted in ${test.seconds} s`;
    case 'failed':
      return `${image}: failed, ${test.reason}`;
    case 'not-tried':
      return `${image}: not tried, ${test.reason}`;
  }
}
