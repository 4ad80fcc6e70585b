import { createWriteStream } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../failure.ts';

/**
 * Writes what an http: address answers to a file. Throws Failure when it answers anything but 200, or not at all.
 *
 * Not with fetch: when a server closes the connection while the disk is busy, undici of Node 24 ends the process with a
 * failed assertion (`!this.paused`).
 */
export async function download(address: URL, file: string, signal?: AbortSignal): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(address, signal === undefined ? {} : { signal }, resolve);
    request.on('error', (cause) => {
      reject(
        signal?.aborted ? signal.reason : new Failure(`${address.href} cannot be reached: ${cause.message}`, { cause }),
      );
    });
  });
  if (response.statusCode !== 200) {
    response.resume();
    throw new Failure(`${address.href} answered ${response.statusCode} instead of the file.`);
  }
  await pipeline(response, createWriteStream(file), signal === undefined ? {} : { signal });
}
