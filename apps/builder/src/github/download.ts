import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure, systemFailure } from '../failure.ts';
import type { Task } from '../progress/progress.ts';
import type { GithubAsset } from './release-objects.ts';
import { type GithubReleases, GithubUnavailable } from './releases.ts';

/**
 * Downloads an asset to a file, and goes on where a former try broke off. The bytes are held against GitHub's digest, where
 * there is one, and against the size.
 * @param file takes the asset when it is whole; until then `<file>.part` grows.
 * @throws Failure when GitHub's bytes are not what GitHub says they are.
 */
export async function downloadAsset(
  releases: GithubReleases,
  asset: GithubAsset,
  file: string,
  task: Pick<Task, 'advance'>,
): Promise<void> {
  const part = `${file}.part`;
  if ((await sizeOf(file)) === asset.size) {
    task.advance(asset.size);
    return;
  }
  for (let attempt = 1; ; attempt += 1) {
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
      break;
    } catch (error) {
      releases.signal.throwIfAborted();
      task.advance(-done);
      const broken = systemFailure(error, part);
      if (broken !== undefined) throw broken;
      const passing = error instanceof GithubUnavailable || !(error instanceof Failure);
      if (!passing) throw error;
      if (attempt >= releases.patience.attempts) {
        if (error instanceof Failure) throw error;
        throw new GithubUnavailable(`The download of ${asset.name} broke off.`, { ...AGAIN, cause: error });
      }
      await releases.pause(attempt);
    }
  }
  if (asset.sha256 !== undefined && (await sha256Of(part)) !== asset.sha256) {
    await rm(part, { force: true });
    throw new Failure(`${asset.name} is not what GitHub's digest says it is.`, {
      remedy: 'Nothing was taken over. Run the same command again: the asset is downloaded afresh.',
    });
  }
  await rename(part, file);
}

const AGAIN = { remedy: 'Run the same command again: it continues where it stopped.' };

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
