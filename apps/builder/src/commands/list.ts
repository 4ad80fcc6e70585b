import { channelsOf } from '@nixos-images/shared';
import type { Run } from '../run.ts';
import { readCatalog } from '../store/stored.ts';

/** `nixos-images list`: where each channel is, and what it can go back to. */
export async function listCommand({ bucket }: Run) {
  const catalog = (await readCatalog(bucket))?.catalog;
  const channels = (catalog === undefined ? [] : channelsOf(catalog)).flatMap((channel) => {
    const entry = catalog?.channels[channel];
    if (entry === undefined) return [];
    const { state, promoted, current, former } = entry;
    return [{ channel, state, promoted, current: current.version, published: current.published, former }];
  });
  const text = channels.flatMap(({ channel, state, promoted, current, former }) => [
    `${channel} ${current} promoted ${promoted}${state.status === 'frozen' ? ` (frozen: ${state.reason})` : ''}`,
    ...former.map(({ version, promoted: when }) => `  ${version} promoted ${when}`),
  ]);
  return { json: { channels }, text: text.length > 0 ? text.join('\n') : 'no channel has a release yet' };
}
