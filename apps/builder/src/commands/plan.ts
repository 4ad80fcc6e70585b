import { formatImageId, imageIdOf, versionOf } from '@nixos-images/shared';
import { packagePath } from '../nix/evaluate.ts';
import type { Run } from '../run.ts';
import { type ChannelPlan, nixpkgsVersionOf, type PlanOptions, planChannels } from '../steps/plan.ts';

/** `nixos-images plan`: what a publish would build and release. */
export async function planCommand(run: Run, options: PlanOptions) {
  const plans = await planChannels(run, options);
  return { json: { channels: plans.map(planJson) }, text: plans.map(planText).join('\n') };
}

function planJson(plan: ChannelPlan) {
  const { channel, state, current, images, dropped } = plan;
  const nixpkgs = nixpkgsVersionOf(plan);
  return {
    channel,
    state,
    current: current?.version ?? null,
    candidate: state === 'to-release' && nixpkgs !== undefined ? versionOf(nixpkgs, 1) : null,
    images: images.map(({ evaluated: { facts, derivation, storePath }, kept }) => ({
      ...imageIdOf(facts),
      smoke: facts.smoke,
      action: kept === undefined ? 'build' : 'keep',
      package: packagePath(facts, channel),
      derivation,
      storePath,
    })),
    dropped: dropped.map(imageIdOf),
  };
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
    return `  ${kept === undefined ? 'build' : 'keep '}  ${formatImageId(facts)}${smoke} ${facts.nixpkgs.version}`;
  });
  const dropped = plan.dropped.map((image) => `  drop   ${formatImageId(image)}`);
  return [`${plan.channel} ${from}: ${rest}`, ...images, ...dropped].join('\n');
}
