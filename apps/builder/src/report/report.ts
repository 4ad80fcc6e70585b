import { Arch, BootPath, Channel, Kind, Time, Variant, Version } from '@nixos-images/shared';
import * as v from 'valibot';

/** The steps of a channel in a weekly run, in their order. */
const StepName = v.picklist(['plan', 'freeze', 'build', 'publish', 'boot', 'promote', 'mirror']);
export type StepName = v.InferOutput<typeof StepName>;

const Seconds = v.pipe(v.number(), v.minValue(0));
const Bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What came of one step. */
const Step = v.variant('outcome', [
  v.object({ step: StepName, seconds: Seconds, outcome: v.literal('done'), detail: v.string() }),
  v.object({ step: StepName, seconds: Seconds, outcome: v.literal('skipped'), reason: v.string() }),
  v.object({
    step: StepName,
    seconds: Seconds,
    outcome: v.literal('failed'),
    reason: v.string(),
    remedy: v.exactOptional(v.string()),
  }),
]);
export type Step = v.InferOutput<typeof Step>;

const BootReport = v.variant('outcome', [
  v.object({ path: BootPath, outcome: v.literal('booted'), seconds: Seconds }),
  v.object({ path: BootPath, outcome: v.picklist(['failed', 'not-tried']), reason: v.string() }),
]);

/** An image of the release beside the one before. */
const ImageReport = v.object({
  kind: Kind,
  arch: Arch,
  variant: Variant,
  /** Of all its files. */
  bytes: Bytes,
  /** Of the same image in the former release. */
  formerBytes: v.optional(Bytes),
  /** Most bytes that the config allows it. */
  budget: v.optional(Bytes),
  /** Absent where GitHub did not tell. */
  kernel: v.optional(v.string()),
  formerKernel: v.optional(v.string()),
  boots: v.array(BootReport),
});
export type ImageReport = v.InferOutput<typeof ImageReport>;

/** What a run did for one channel. */
const ChannelReport = v.object({
  channel: Channel,
  /** `behind`: the release was published, and the channel stays at a newer one. */
  outcome: v.picklist(['released', 'behind', 'unchanged', 'frozen', 'failed']),
  /** What the channel was at before the run. */
  before: v.optional(Version),
  /** What the run made or found; absent if it came to nothing. */
  version: v.optional(Version),
  steps: v.array(Step),
  images: v.array(ImageReport),
  /** Images that the new release no longer has. */
  dropped: v.array(v.string()),
  /** Why there was no boot test, if there was none. */
  bootGateSkipped: v.optional(v.string()),
  /** What went wrong, or wants to be looked at; the run failed if there is one. */
  problems: v.array(v.string()),
});
export type ChannelReport = v.InferOutput<typeof ChannelReport>;

/** A whole weekly run; `release --json`. */
export const ReleaseReport = v.object({
  schema: v.literal(1),
  begun: Time,
  took: Seconds,
  lock: v.string(),
  channels: v.array(ChannelReport),
  collected: v.string(),
  /** Problems of the run as a whole. */
  problems: v.array(v.string()),
});
export type ReleaseReport = v.InferOutput<typeof ReleaseReport>;

/** Whether everything went well. */
export function succeeded(report: ReleaseReport): boolean {
  return report.problems.length === 0 && report.channels.every(({ problems }) => problems.length === 0);
}
