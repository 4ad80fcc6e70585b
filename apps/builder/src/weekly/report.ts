import type {
  Arch,
  BootPath,
  BootRecord,
  Channel,
  Image,
  Kind,
  Manifest,
  Variant,
  Version,
} from '@nixos-images/shared';
import { filesOf } from '@nixos-images/shared';

/** The steps of a channel in a weekly run, in their order. */
export type StepName = 'plan' | 'freeze' | 'build' | 'publish' | 'boot and promote' | 'mirror';

/** What came of one step. */
export type Step = { readonly step: StepName; readonly seconds: number } & (
  | { readonly outcome: 'done'; readonly detail: string }
  | { readonly outcome: 'skipped' | 'failed'; readonly reason: string; readonly remedy?: string }
);

/** An image of the release beside the one before. */
export interface ImageReport {
  readonly kind: Kind;
  readonly arch: Arch;
  readonly variant: Variant;
  /** Bytes of all its files. */
  readonly bytes: number;
  /** Bytes of the same image in the former release. */
  readonly formerBytes: number | undefined;
  /** Most bytes that the config allows it. */
  readonly budget: number | undefined;
  /** Absent where GitHub did not tell. */
  readonly kernel: string | undefined;
  readonly formerKernel: string | undefined;
  readonly boots: readonly BootReport[];
}

type BootReport = { readonly path: BootPath } & (
  | { readonly outcome: 'booted'; readonly seconds: number }
  | { readonly outcome: 'failed' | 'not-tried'; readonly reason: string }
);

/** What a run did for one channel. */
export interface ChannelReport {
  readonly channel: Channel;
  readonly outcome: 'released' | 'unchanged' | 'frozen' | 'failed';
  /** What the channel was at before the run. */
  readonly before: Version | undefined;
  /** What the run made or found; absent if it came to nothing. */
  readonly version: Version | undefined;
  readonly steps: readonly Step[];
  readonly images: readonly ImageReport[];
  /** Images that the new release no longer has. */
  readonly dropped: readonly string[];
  /** Why there was no boot test, if there was none. */
  readonly bootGateSkipped: string | undefined;
  /** What went wrong, or wants to be looked at; the run failed if there is one. */
  readonly problems: readonly string[];
}

/** A whole weekly run; `release --json`. */
export interface WeeklyReport {
  readonly schema: 1;
  readonly begun: string;
  /** Seconds. */
  readonly took: number;
  readonly lock: string;
  readonly channels: readonly ChannelReport[];
  readonly collected: string;
  /** Problems of the run as a whole. */
  readonly problems: readonly string[];
}

/** Whether everything went well. */
export function succeeded(report: WeeklyReport): boolean {
  return report.problems.length === 0 && report.channels.every(({ problems }) => problems.length === 0);
}

/** The images of a release beside those of the one before, with their boot tests. */
export function imageReports(
  manifest: Manifest,
  former: Manifest | undefined,
  boots: BootRecord | undefined,
  budgetOf: (image: Image) => number | undefined,
): ImageReport[] {
  return manifest.images.map((image) => {
    const same = ({ kind, arch, variant }: Pick<Image, 'kind' | 'arch' | 'variant'>) =>
      kind === image.kind && arch === image.arch && variant === image.variant;
    const before = former?.images.find(same);
    const tests = boots?.gate === 'run' ? boots.tests.filter(same) : [];
    return {
      kind: image.kind,
      arch: image.arch,
      variant: image.variant,
      bytes: bytesOf(image),
      formerBytes: before && bytesOf(before),
      budget: budgetOf(image),
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
export function budgetProblems(images: readonly ImageReport[], format: (bytes: number) => string): string[] {
  return images.flatMap(({ kind, arch, variant, bytes, budget }) =>
    budget !== undefined && bytes > budget
      ? [`${kind} ${arch} ${variant} has ${format(bytes)}, over its budget of ${format(budget)}.`]
      : [],
  );
}
