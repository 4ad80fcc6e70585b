import type { Channel } from '@nixos-images/shared';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Run } from '../run.ts';
import { selectChannels } from '../selection.ts';
import { type AbandonedUpload, abortAbandonedUploads, findAbandonedUploads } from '../store/abandoned-uploads.ts';
import { collect, previewCollection } from '../store/collect.ts';
import type { Garbage, Retention } from '../store/garbage.ts';

const HOUR = 60 * 60 * 1000;

/** `nixos-images gc`: what nothing names any more; deletes it only with `--delete`. */
export async function gcCommand({ bucket, config, progress, signal }: Run, options: { readonly delete?: boolean }) {
  const retention = new Map<Channel, Retention>(
    selectChannels(config, []).flatMap((channel) => {
      const keep = config.channels[channel]?.keep;
      return keep === undefined ? [] : [[channel, keep]];
    }),
  );
  const collectOptions = { retention, grace: config.graceHours * HOUR, signal };
  const task = progress.begin('collect garbage');
  try {
    const found = options.delete
      ? await collect(bucket, { ...collectOptions, onRemoved: (key) => task.detail(key) })
      : await previewCollection(bucket, collectOptions).then((garbage) => (garbage === undefined ? [] : [garbage]));
    const uploads = await (options.delete ? abortAbandonedUploads : findAbandonedUploads)(bucket, collectOptions);
    return gcResult(found, uploads, options.delete ?? false);
  } finally {
    task.drop();
  }
}

function gcResult(found: readonly Garbage[], uploads: readonly AbandonedUpload[] | undefined, deleted: boolean) {
  const releases = found.flatMap((garbage) => [...garbage.releases.keys()]);
  const blobs = found.flatMap((garbage) => garbage.blobs);
  const expired = found.flatMap((garbage) =>
    [...garbage.expired].map(([channel, versions]) => ({ channel, versions })),
  );
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  const broken = uploads ?? [];
  const aborts =
    broken.length === 0
      ? ''
      : `, and ${deleted ? 'aborted' : 'abort'} ${formatCount(broken.length, 'broken-off upload')}`;
  const text =
    releases.length + blobs.length + expired.length + broken.length === 0
      ? 'nothing to collect'
      : `${deleted ? 'deleted' : 'would delete'} ${formatCount(blobs.length, 'blob')} (${formatBytes(bytes)}) and ${formatCount(releases.length, 'release')}${aborts}${deleted ? '' : '; run gc --delete to do it'}`;
  const lines = [
    ...releases.map((version) => `  release ${version}`),
    ...blobs.map(({ sha256, size }) => `  blob ${sha256} ${formatBytes(size)}`),
    ...broken.map(({ sha256, begun }) => `  upload of ${sha256}, begun ${begun.toISOString()}`),
  ];
  return {
    json: {
      deleted,
      bytes,
      releases,
      expired,
      blobs: blobs.map(({ sha256, size }) => ({ sha256, size })),
      uploads: uploads?.map(({ sha256, begun }) => ({ sha256, begun: begun.toISOString() })) ?? null,
    },
    text: [text, ...lines].join('\n'),
  };
}
