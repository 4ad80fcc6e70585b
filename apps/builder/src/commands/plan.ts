import { evaluate } from '../nix/evaluate.ts';
import type { Run } from '../run.ts';
import { type SelectionOptions, selectImages, type WantedChannel } from '../selection.ts';
import { type ChannelPlan, planChannel, planJson } from '../steps/plan.ts';
import { readCatalog } from '../store/stored.ts';

export interface PlanOptions extends SelectionOptions {
  /** Build images again that have not changed. */
  readonly all?: boolean;
}

/** A channel's plan beside what the config says of it. */
export interface PlannedChannel {
  readonly wanted: WantedChannel;
  readonly plan: ChannelPlan;
}

/** Evaluates the selected images and compares them with what the channels are at. */
export async function makePlans(
  { config, bucket, progress, signal }: Run,
  options: PlanOptions,
): Promise<PlannedChannel[]> {
  const wanted = selectImages(config, options);
  const task = progress.begin('evaluate');
  const [catalog, evaluated] = await Promise.all([
    readCatalog(bucket),
    evaluate(
      wanted.filter((channel) => channel.config.frozen === undefined),
      { cwd: config.folder, signal },
    ),
  ]).finally(task.drop);
  // Dropped images are no news when the user asked for some images only.
  const narrowed = [options.kind, options.arch, options.variant].some((list) => list !== undefined && list.length > 0);
  return wanted.map((channel) => {
    const images = evaluated.get(channel.channel) ?? [];
    const plan = planChannel(channel, images, options.all ? undefined : catalog?.catalog);
    return { wanted: channel, plan: narrowed ? { ...plan, dropped: [] } : plan };
  });
}

/** `nixos-images plan`: what a publish would build and release. */
export async function planCommand(command: Run, options: PlanOptions) {
  const plans = (await makePlans(command, options)).map(({ plan }) => plan);
  return { json: { channels: plans.map(planJson) }, text: plans.map(planText).join('\n') };
}

function planText(plan: ChannelPlan): string {
  const from = plan.current === undefined ? 'has no release yet' : `is at ${plan.current.version}`;
  const rest = {
    unchanged: 'nothing to do',
    frozen: 'frozen: no new releases',
    'to-release': 'to release',
  }[plan.state];
  const images = plan.images.map(({ evaluated: { facts }, kept }) => {
    const smoke = facts.smoke ? ' (smoke)' : '';
    return `  ${kept === undefined ? 'build' : 'keep '}  ${facts.kind} ${facts.arch} ${facts.variant}${smoke} ${facts.nixpkgs.version}`;
  });
  const dropped = plan.dropped.map(({ kind, arch, variant }) => `  drop   ${kind} ${arch} ${variant}`);
  return [`${plan.channel} ${from}: ${rest}`, ...images, ...dropped].join('\n');
}
