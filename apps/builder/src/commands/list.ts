import { stagedChannels } from '@nixos-images/shared';
import type { Run } from '../run.ts';
import { readCatalog } from '../store/stored.ts';

/** `nixos-images list`: where each channel is, and what it can go back to. */
export async function listCommand({ bucket }: Run) {
  const catalog = (await readCatalog(bucket))?.catalog;
  const staged = catalog === undefined ? [] : stagedChannels(catalog, (await bucket.now()).getTime());
  const channels = staged.map(({ channel, stage, entry: { state, promoted, current, former } }) => {
    return { channel, stage, state, promoted, current: current.version, published: current.published, former };
  });
  const text = channels.flatMap(({ channel, stage, state, promoted, current, former }) => [
    `${channel} ${current} ${stage}, promoted ${promoted}${state.status === 'frozen' ? ` (${state.reason})` : ''}`,
    ...former.map(({ version, promoted: when }) => `  ${version} promoted ${when}`),
  ]);
  return { json: { channels }, text: text.length > 0 ? text.join('\n') : 'no channel has a release yet' };
}
