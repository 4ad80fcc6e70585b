import { channelsOf, timeOf, Version } from '@nixos-images/shared';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import type { Run } from '../run.ts';
import { selectChannels } from '../selection.ts';
import { setState } from '../store/freeze.ts';
import { rollback } from '../store/rollback.ts';
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

interface RollbackCommandOptions {
  readonly to?: string;
  readonly dryRun?: boolean;
}

/** `nixos-images rollback CHANNEL [--to VERSION]`: moves a channel back to a former release. */
export async function rollbackCommand({ bucket, config, signal }: Run, name: string, options: RollbackCommandOptions) {
  const [channel] = selectChannels(config, [name]);
  if (channel === undefined) throw new Failure(`There is no channel ${name}.`, { exitCode: EXIT.usage });
  const to = options.to === undefined ? undefined : v.safeParse(Version, options.to);
  if (to?.success === false) {
    throw new Failure(`${JSON.stringify(options.to)} is ${to.issues[0].message}.`, {
      remedy: '`nixos-images list` shows the versions.',
      exitCode: EXIT.usage,
    });
  }
  const { dryRun = false } = options;
  const { before, after } = await rollback(bucket, channel, to?.output, { dryRun, signal });
  const text =
    before === after
      ? `${channel}: nothing to do, it is at ${after}`
      : `${channel}: ${dryRun ? 'would go' : 'went'} back from ${before} to ${after}`;
  return { json: { channel, before, after, dryRun }, text };
}

interface FreezeCommandOptions {
  readonly reason?: string;
  readonly thaw?: boolean;
  readonly dryRun?: boolean;
}

/** `nixos-images freeze CHANNEL --reason TEXT`: says that a channel gets no more releases; `--thaw` takes it back. */
export async function freezeCommand({ bucket, config, signal }: Run, name: string, options: FreezeCommandOptions) {
  const [channel] = selectChannels(config, [name]);
  if (channel === undefined) throw new Failure(`There is no channel ${name}.`, { exitCode: EXIT.usage });
  const { reason, thaw = false, dryRun = false } = options;
  if (!thaw && !reason) {
    throw new Failure('A frozen channel needs a reason: readers see it.', {
      remedy: 'Such as --reason "NixOS 25.05 reached its end of life".',
      exitCode: EXIT.usage,
    });
  }
  const since = timeOf(new Date(Date.now() + bucket.clockOffset));
  const state = thaw || !reason ? ({ status: 'live' } as const) : ({ status: 'frozen', since, reason } as const);
  const { changed } = await setState(bucket, channel, state, { dryRun, signal });
  const [done, planned] = thaw ? ['gets releases again', 'would get releases again'] : ['is frozen', 'would be frozen'];
  const text = changed ? `${channel}: ${dryRun ? planned : done}` : `${channel}: nothing to do, it ${done}`;
  return { json: { channel, state: state.status, changed, dryRun }, text };
}
