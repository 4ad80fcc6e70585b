/**
 * A publisher in a process of its own, for faults that kill it.
 *
 *     node publisher.ts ENDPOINT FOLDER DATE SEED INITRD-BYTES
 */
import { Failure } from 'nixos-images/store';
import { openBucket } from './open-bucket.ts';
import { makeSample, release } from './sample.ts';

const [endpoint = '', folder = '', date = '', seed = '', size = ''] = process.argv.slice(2);
try {
  await release(openBucket(new URL(endpoint)), await makeSample(folder, { date, seed, initrdSize: Number(size) }));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
