import { standingIn } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Run } from '../run.ts';
import { selectChannel } from '../selection.ts';
import { freeze, restore } from '../store/freeze.ts';

interface FreezeCommandOptions {
  readonly reason?: string;
  readonly thaw?: boolean;
  readonly dryRun?: boolean;
}

/** `nixos-images freeze CHANNEL --reason TEXT`: says that a channel gets no more releases; `--thaw` takes it back. */
export async function freezeCommand({ bucket, config, signal }: Run, name: string, options: FreezeCommandOptions) {
  const channel = selectChannel(config, name);
  const { reason = '', thaw = false, dryRun = false } = options;
  if (!thaw && reason === '') {
    throw new Failure('A frozen channel needs a reason: readers see it.', {
      remedy: 'Such as --reason "NixOS 25.05 reached its end of life".',
      exitCode: EXIT.usage,
    });
  }
  const change = { dryRun, signal };
  const { changed } = thaw
    ? await restore(bucket, channel, standingIn(config, channel), change)
    : await freeze(bucket, channel, { reason }, change);
  const [done, planned] = thaw ? ['gets releases again', 'would get releases again'] : ['is frozen', 'would be frozen'];
  const text = changed ? `${channel}: ${dryRun ? planned : done}` : `${channel}: nothing to do, it ${done}`;
  return { json: { channel, state: thaw ? 'live' : 'frozen', changed, dryRun }, text };
}
