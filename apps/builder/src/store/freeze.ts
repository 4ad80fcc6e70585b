import type { Channel, ChannelState } from '@nixos-images/shared';
import type { Bucket } from './bucket.ts';
import { changeCatalog } from './catalog-change.ts';
import { type ChangeOptions, entryOf } from './rollback.ts';

/** Whether readers are told the same: a channel that is frozen once more for the same reason is no news. */
function saysTheSame(left: ChannelState, right: ChannelState): boolean {
  if (left.status !== 'frozen' || right.status !== 'frozen') return left.status === right.status;
  return left.reason === right.reason && left.sunset === right.sunset;
}

/** Says of a channel that it gets no more releases, or that it does again; by compare-and-swap. */
export async function setState(
  bucket: Bucket,
  channel: Channel,
  state: ChannelState,
  { dryRun, ...options }: ChangeOptions,
): Promise<{ changed: boolean }> {
  let changed = false;
  await changeCatalog(
    bucket,
    (catalog) => {
      const entry = entryOf(catalog, channel);
      changed = !saysTheSame(entry.state, state);
      if (!changed || dryRun) return undefined;
      return { ...catalog, channels: { ...catalog.channels, [channel]: { ...entry, state } } };
    },
    options,
  );
  return { changed };
}
