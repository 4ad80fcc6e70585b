import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestFile, type FileDigest } from '../digest.ts';
import { Failure, systemFailure } from '../failure.ts';
import type { Task } from '../progress/progress.ts';
import { persist } from '../retry.ts';
import type { GithubAsset } from './release-objects.ts';
import { type GithubReleases, GithubUnavailable } from './releases.ts';

/**
 * Downloads an asset to a file, and goes on where a former try broke off. The bytes are held against GitHub's digest, where
 * there is one, and against the size.
 * @param file takes the asset when it is whole; until then `<file>.part` grows.
 * @returns its hashes.
 * @throws Failure when GitHub's bytes are not what GitHub says they are.
 */
export async function downloadAsset(
  releases: GithubReleases,
  asset: GithubAsset,
  file: string,
  task: Pick<Task, 'advance'>,
): Promise<FileDigest> {
  const { signal } = releases;
  if ((await sizeOf(file)) === asset.size) {
    task.advance(asset.size);
    return digestFile(file, { signal });
  }
  const part = `${file}.part`;
  await persist(releases.patience, signal, async () => {
    try {
      return { done: await downloadRest(releases, asset, part, task) };
    } catch (error) {
      signal.throwIfAborted();
      const broken = systemFailure(error, part);
      if (broken !== undefined) throw broken;
      if (error instanceof GithubUnavailable) return { failure: error };
      if (error instanceof Failure) throw error;
      return {
        failure: new GithubUnavailable(`The download of ${asset.name} broke off.`, { ...AGAIN, cause: error }),
      };
    }
  });
  const digest = await digestFile(part, { signal });
  if (asset.sha256 !== undefined && digest.sha256 !== asset.sha256) {
    await rm(part, { force: true });
    throw new Failure(`${asset.name} is not what GitHub's digest says it is.`, {
      remedy: 'Nothing was taken over. Run the same command again: the asset is downloaded afresh.',
    });
  }
  await rename(part, file);
  return digest;
}

const AGAIN = { remedy: 'Run the same command again: it continues where it stopped.' };

/** Goes on with a download where `part` ends. */
async function downloadRest(
  releases: GithubReleases,
  asset: GithubAsset,
  part: string,
  task: Pick<Task, 'advance'>,
): Promise<void> {
  const have = (await sizeOf(part)) ?? 0;
  if (have > asset.size) await rm(part, { force: true });
  const from = have > asset.size ? 0 : have;
  let done = from;
  task.advance(from);
  try {
    if (from < asset.size || asset.size === 0) {
      const { body, resumed } = await releases.download(asset, from);
      if (!resumed) {
        task.advance(-from);
        done = 0;
      }
      const counted = new Transform({
        transform(chunk: Uint8Array, _, callback) {
          done += chunk.length;
          task.advance(chunk.length);
          callback(null, chunk);
        },
      });
      await pipeline(Readable.from(body), counted, createWriteStream(part, { flags: resumed ? 'a' : 'w' }), {
        signal: releases.signal,
      });
    }
    if (done !== asset.size) throw new GithubUnavailable(`The download of ${asset.name} ended early.`, AGAIN);
  } catch (error) {
    task.advance(-done);
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
