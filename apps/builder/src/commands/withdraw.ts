import { Channel } from '@nixos-images/shared';
import * as v from 'valibot';
import { standingIn } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Run } from '../run.ts';
import { selectChannel } from '../selection.ts';
import { restore, withdraw } from '../store/freeze.ts';

interface WithdrawCommandOptions {
  readonly reason?: string;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

/** `nixos-images withdraw CHANNEL --reason TEXT`: lets no name mean a channel any more; `--undo` brings it back. */
export async function withdrawCommand({ bucket, config, signal }: Run, name: string, options: WithdrawCommandOptions) {
  // Also one that left the config: that is often why it is withdrawn.
  const given = v.safeParse(Channel, name);
  const channel = given.success ? given.output : selectChannel(config, name);
  const { reason = '', undo = false, dryRun = false } = options;
  if (!undo && reason === '') {
    throw new Failure('A channel that is withdrawn needs a reason: whoever asks for it sees it.', {
      remedy: 'Such as --reason "its installer loses data on ZFS; use 26.11".',
      exitCode: EXIT.usage,
    });
  }
  const change = { dryRun, signal };
  const { changed } = undo
    ? await restore(bucket, channel, standingIn(config, channel), change)
    : await withdraw(bucket, channel, { reason }, change);
  const [done, planned] = undo ? ['is back', 'would be back'] : ['is withdrawn', 'would be withdrawn'];
  const text = changed ? `${channel}: ${dryRun ? planned : done}` : `${channel}: nothing to do, it ${done}`;
  return { json: { channel, withdrawn: !undo, changed, dryRun }, text };
}
