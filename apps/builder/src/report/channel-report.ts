import {
  type BootRecord,
  type Channel,
  filesOf,
  formatImageId,
  type Image,
  imageIdOf,
  isSameImage,
  type Manifest,
} from '@nixos-images/shared';
import type { Config } from '../config.ts';
import { formatBytes } from '../progress/format.ts';
import type { ChannelPlan } from '../steps/plan.ts';
import type { Promotion } from '../store/promote.ts';
import type { ChannelReport, ImageReport } from './report.ts';
import type { StepLog } from './step-log.ts';

/** A release that went all the way, with what was found out on it. */
export interface Released {
  readonly plan: ChannelPlan;
  readonly manifest: Manifest;
  readonly boots: BootRecord;
  readonly promotion: Promotion;
}

interface ChannelOutcome {
  readonly channel: Channel;
  readonly config: Config;
  readonly outcome: ChannelReport['outcome'];
  /** What the channel was at before. */
  readonly before: Manifest | undefined;
  readonly released: Released | undefined;
  readonly log: StepLog;
}

/** What a run did for one channel. */
export function channelReport({ channel, config, outcome, before, released, log }: ChannelOutcome): ChannelReport {
  const images = released ? imageReports(released, before, config) : [];
  const boots = released?.boots;
  return {
    channel,
    outcome,
    before: before?.version,
    version: released?.manifest.version ?? (outcome === 'failed' ? undefined : before?.version),
    steps: log.steps,
    images,
    dropped: (released?.plan.dropped ?? []).map(formatImageId),
    bootGateSkipped: boots?.gate === 'skipped' ? boots.reason : undefined,
    problems: [...log.problems, ...budgetProblems(images)],
  };
}

/** The images of a release beside those of the one before, with their boot tests. */
function imageReports({ manifest, boots }: Released, former: Manifest | undefined, config: Config): ImageReport[] {
  const budgets = config.channels[manifest.channel]?.images ?? [];
  return manifest.images.map((image) => {
    const before = former?.images.find((one) => isSameImage(one, image));
    const tests = boots.gate === 'run' ? boots.tests.filter((test) => isSameImage(test, image)) : [];
    return {
      ...imageIdOf(image),
      bytes: bytesOf(image),
      formerBytes: before && bytesOf(before),
      budget: budgets.find(({ kind, variant }) => kind === image.kind && variant === image.variant)?.budget,
      kernel: kernelOf(image),
      formerKernel: before && kernelOf(before),
      boots: tests.map(({ kind: _kind, arch: _arch, variant: _variant, ...rest }) => rest),
    };
  });
}

function bytesOf(image: Image): number {
  return filesOf(image).reduce((sum, { file }) => sum + file.size, 0);
}

function kernelOf({ origin }: Image): string | undefined {
  return origin.from === 'nix' ? origin.kernelVersion : undefined;
}

/** A sentence for every image that is larger than the config allows. */
export function budgetProblems(images: readonly ImageReport[]): string[] {
  return images.flatMap(({ bytes, budget, ...id }) =>
    budget !== undefined && bytes > budget
      ? [`${formatImageId(id)} has ${formatBytes(bytes)}, over its budget of ${formatBytes(budget)}.`]
      : [],
  );
}
