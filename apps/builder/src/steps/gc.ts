import type { Channel } from '@nixos-images/shared';
import type { Run } from '../run.ts';
import { selectChannels } from '../selection.ts';
import { type AbandonedUpload, abortAbandonedUploads, findAbandonedUploads } from '../store/abandoned-uploads.ts';
import { collect, previewCollection } from '../store/collect.ts';
import type { Garbage, Retention } from '../store/garbage.ts';

const HOUR = 60 * 60 * 1000;

/** What nothing names any more, found or deleted. */
export interface Collected {
  readonly deleted: boolean;
  readonly garbage: readonly Garbage[];
  /** Uploads that broke off; undefined when the server cannot list them. */
  readonly uploads: readonly AbandonedUpload[] | undefined;
}

/** Finds what nothing names any more, and deletes it only if told so. */
export async function collectGarbage(
  { bucket, config, progress, signal }: Run,
  options: { readonly delete: boolean },
): Promise<Collected> {
  const retention = new Map<Channel, Retention>(
    selectChannels(config, []).flatMap((channel) => {
      const keep = config.channels[channel]?.keep;
      return keep === undefined ? [] : [[channel, keep]];
    }),
  );
  const collectOptions = { retention, grace: config.graceHours * HOUR, signal };
  const task = progress.begin('collect garbage');
  try {
    if (!options.delete) {
      const found = await previewCollection(bucket, collectOptions);
      const uploads = await findAbandonedUploads(bucket, collectOptions);
      return { deleted: false, garbage: found === undefined ? [] : [found], uploads };
    }
    const garbage = await collect(bucket, { ...collectOptions, onRemoved: (key) => task.detail(key) });
    return { deleted: true, garbage, uploads: await abortAbandonedUploads(bucket, collectOptions) };
  } finally {
    task.drop();
  }
}
