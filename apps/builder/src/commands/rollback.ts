import { Version } from '@nixos-images/shared';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import type { Run } from '../run.ts';
import { selectChannel } from '../selection.ts';
import { rollback } from '../store/rollback.ts';

interface RollbackCommandOptions {
  readonly to?: string;
  readonly dryRun?: boolean;
}

/** `nixos-images rollback CHANNEL [--to VERSION]`: moves a channel back to a former release. */
export async function rollbackCommand({ bucket, config, signal }: Run, name: string, options: RollbackCommandOptions) {
  const channel = selectChannel(config, name);
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
