import {
  type Arch,
  type Catalog,
  type Channel,
  type Image,
  type Manifest,
  timeOf,
  type Version,
} from '@nixos-images/shared';
import { buildPlanned } from './commands/build.ts';
import { gcCommand } from './commands/gc.ts';
import { mirrorCurrent, mirroredText } from './commands/mirror.ts';
import { makePlans, type PlannedChannel } from './commands/plan.ts';
import { promoteGated, promotionText } from './commands/promote.ts';
import { publishPlanned } from './commands/publish.ts';
import { Failure, failureIn } from './failure.ts';
import { formatBytes, formatCount } from './progress/format.ts';
import {
  budgetProblems,
  type ChannelReport,
  imageReports,
  type ReleaseReport,
  type Step,
  type StepName,
} from './report/report.ts';
import type { Run } from './run.ts';
import { selectChannels } from './selection.ts';
import { updateLocks } from './steps/lock.ts';
import type { ChannelPlan } from './steps/plan.ts';
import { freeze } from './store/freeze.ts';
import type { Promotion } from './store/promote.ts';
import { readBootRecord, readCatalog } from './store/stored.ts';

export interface WeeklyOptions {
  /** Channels as users name them; empty for all of the config. */
  readonly channels: readonly string[];
  readonly updateLock: boolean;
  /** Why the images need not be booted. */
  readonly withoutBootTest: string | undefined;
  readonly collectGarbage: boolean;
}

/**
 * The weekly run: every channel from its flake to what users download, each on its own, so that one that fails does not hold the others
 * back. Every step can be run again and skips what is done; so a run that was stopped goes on.
 */
export async function runWeekly(command: Run, options: WeeklyOptions): Promise<ReleaseReport> {
  const begun = await command.bucket.now();
  const since = performance.now();
  const problems: string[] = [];
  const chosen = selectChannels(command.config, options.channels);
  const lock = options.updateLock
    ? await attempt(command, () => updateLocks(command.config, command.signal), problems)
    : 'left as it is';
  const channels: ChannelReport[] = [];
  for (const channel of chosen) channels.push(await new ChannelRun(command, channel, options).run());
  const collected = options.collectGarbage
    ? await attempt(
        command,
        async () => (await gcCommand(command, { delete: true })).text.split('\n')[0] ?? '',
        problems,
      )
    : 'left alone';
  const catalog = (await readCatalog(command.bucket))?.catalog;
  const now = await command.bucket.now();
  const stale = chosen.flatMap((channel) => staleness(command, channel, catalog, now));
  const took = (performance.now() - since) / 1000;
  return { schema: 1, begun: timeOf(begun), took, lock, channels, collected, problems: [...problems, ...stale] };
}

/** Does something for the run as a whole; that it failed is one of the run's problems. */
async function attempt({ signal }: Run, work: () => Promise<string>, problems: string[]): Promise<string> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    problems.push(sentenceOf(failureIn(error)));
    return 'failed';
  }
}

function sentenceOf({ message, remedy }: Failure): string {
  return remedy === undefined ? message : `${message} ${remedy}`;
}

const DAY = 24 * 60 * 60 * 1000;

function staleness({ config }: Run, channel: Channel, catalog: Catalog | undefined, now: Date): string[] {
  const entry = catalog?.channels[channel];
  if (config.channels[channel]?.frozen !== undefined || entry === undefined) return [];
  const days = Math.floor((now.getTime() - Date.parse(entry.promoted)) / DAY);
  if (days < config.staleAfterDays) return [];
  return [`${channel} got its last release ${days} days ago; the limit is ${config.staleAfterDays}.`];
}

/** A step ended in a failure that is in the report already. */
class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** A release that was published, and what its promotion made of the channel. */
interface Released {
  readonly planned: PlannedChannel;
  readonly manifest: Manifest;
  readonly promotion: Promotion;
}

/** One channel's way through the steps. */
class ChannelRun {
  readonly #command: Run;
  readonly #channel: Channel;
  readonly #options: WeeklyOptions;
  readonly #steps: Step[] = [];
  readonly #problems: string[] = [];

  constructor(command: Run, channel: Channel, options: WeeklyOptions) {
    this.#command = command;
    this.#channel = channel;
    this.#options = options;
  }

  async run(): Promise<ChannelReport> {
    const { bucket } = this.#command;
    const before = (await readCatalog(bucket))?.catalog.channels[this.#channel]?.current;
    let released: Released | undefined;
    let outcome: ChannelReport['outcome'];
    try {
      const planned = await this.#plan();
      const { state } = planned.plan;
      if (state === 'to-release') {
        released = await this.#release(planned);
        outcome = released.promotion.outcome === 'behind' ? 'behind' : 'released';
      } else outcome = state;
      if (state === 'frozen' && before !== undefined) await this.#freeze();
      await this.#mirror();
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      outcome = 'failed';
    }
    const boots = released && (await readBootRecord(bucket, released.manifest.version));
    const images = released ? imageReports(released.manifest, before, boots, (image) => this.#budgetOf(image)) : [];
    this.#problems.push(...budgetProblems(images, formatBytes));
    const version: Version | undefined =
      released?.manifest.version ?? (outcome === 'failed' ? undefined : before?.version);
    return {
      channel: this.#channel,
      outcome,
      before: before?.version,
      version,
      steps: this.#steps,
      images,
      dropped: (released?.planned.plan.dropped ?? []).map(nameOf),
      bootGateSkipped: boots?.gate === 'skipped' ? boots.reason : undefined,
      problems: this.#problems,
    };
  }

  async #plan(): Promise<PlannedChannel> {
    return this.#step('plan', async () => {
      const [planned] = await makePlans(this.#command, { channel: [this.#channel] });
      if (planned === undefined) throw new Failure(`The config has no ${this.#channel}.`);
      const news = planned.plan.images.filter(({ kept }) => kept === undefined);
      const said = {
        unchanged: 'nothing new',
        frozen: 'frozen',
        'to-release': `${formatCount(news.length, 'image')} to build`,
      };
      return { value: planned, detail: said[planned.plan.state] };
    });
  }

  async #release(planned: PlannedChannel): Promise<Released> {
    const plan = await this.#build(planned.plan);
    const published = await this.#step('publish', async () => {
      const value = await publishPlanned(this.#command, { ...planned, plan });
      const { manifest, created, uploadedBlobs, uploadedBytes } = value;
      const how = created ? 'published' : 'was there';
      const uploaded = `${formatCount(uploadedBlobs, 'blob')} uploaded (${formatBytes(uploadedBytes)})`;
      return { value, detail: `${manifest.version} ${how}, ${uploaded}, read back` };
    });
    const { manifest } = published;
    const promotion = await this.#step('boot and promote', async () => {
      const { withoutBootTest } = this.#options;
      const value = await promoteGated(this.#command, manifest, withoutBootTest ? { withoutBootTest } : {});
      return { value, detail: promotionText(value, false).replace(`${this.#channel}: `, '') };
    });
    return { planned, manifest, promotion };
  }

  /**
   * Builds one architecture after the other. One that does not build keeps the images it has, so that it does not hold the others
   * back; it is a problem all the same.
   */
  async #build(plan: ChannelPlan): Promise<ChannelPlan> {
    const arches = [...new Set(plan.images.map(({ evaluated }) => evaluated.facts.arch))];
    const failed = new Map<Arch, Failure>();
    return this.#step('build', async () => {
      let count = 0;
      for (const arch of arches) {
        const images = plan.images.filter(({ evaluated }) => evaluated.facts.arch === arch);
        try {
          count += (await buildPlanned(this.#command, { ...plan, images })).length;
        } catch (error) {
          this.#command.signal.throwIfAborted();
          failed.set(arch, failureIn(error));
        }
      }
      const [first] = failed.values();
      if (first !== undefined && failed.size === arches.length) throw first;
      for (const [arch, error] of failed) {
        const rest = plan.current === undefined ? 'is left out' : `stays as in ${plan.current.version}`;
        this.#problems.push(`${arch} does not build and ${rest}: ${sentenceOf(error)}`);
      }
      return { value: withFormer(plan, new Set(failed.keys())), detail: formatCount(count, 'image') };
    });
  }

  /** The config says that upstream ended the channel: users are to be told, by the catalog. */
  async #freeze(): Promise<void> {
    const { bucket, config, signal } = this.#command;
    const frozen = config.channels[this.#channel]?.frozen;
    if (frozen === undefined) return;
    await this.#step('freeze', async () => {
      const value = await freeze(bucket, this.#channel, frozen, { signal });
      return { value, detail: value.changed ? `from now on: ${frozen.reason}` : 'was frozen already' };
    });
  }

  async #mirror(): Promise<void> {
    const { config, bucket } = this.#command;
    if (config.mirror === undefined) {
      this.#skip('mirror', 'the config names none');
      return;
    }
    const current = (await readCatalog(bucket))?.catalog.channels[this.#channel]?.current;
    if (current === undefined) {
      this.#skip('mirror', 'there is no release yet');
      return;
    }
    await this.#step('mirror', async () => {
      const value = await mirrorCurrent(this.#command, current);
      const detail = value === undefined ? '' : mirroredText(this.#channel, value).replace(`${this.#channel}: `, '');
      return { value, detail: detail.replaceAll('\n', ';') };
    });
  }

  #skip(step: StepName, reason: string): void {
    this.#steps.push({ step, seconds: 0, outcome: 'skipped', reason });
  }

  async #step<Value>(step: StepName, work: () => Promise<{ value: Value; detail: string }>): Promise<Value> {
    const begun = performance.now();
    const seconds = () => (performance.now() - begun) / 1000;
    try {
      const { value, detail } = await work();
      this.#steps.push({ step, seconds: seconds(), outcome: 'done', detail });
      return value;
    } catch (error) {
      this.#command.signal.throwIfAborted();
      const failure = failureIn(error);
      const remedy = failure.remedy === undefined ? {} : { remedy: failure.remedy };
      this.#steps.push({ step, seconds: seconds(), outcome: 'failed', reason: failure.message, ...remedy });
      this.#problems.push(`${step}: ${sentenceOf(failure)}`);
      throw new StepFailed(step, { cause: error });
    }
  }

  #budgetOf({ kind, variant }: Image): number | undefined {
    const images = this.#command.config.channels[this.#channel]?.images ?? [];
    return images.find((image) => image.kind === kind && image.variant === variant)?.budget;
  }
}

/** A plan in which some architectures keep the images of the current release; what is not in that release is left out. */
function withFormer(plan: ChannelPlan, arches: ReadonlySet<Arch>): ChannelPlan {
  const images = plan.images.flatMap((image) => {
    const { kind, arch, variant } = image.evaluated.facts;
    if (!arches.has(arch)) return [image];
    const kept = plan.current?.images.find((one) => one.kind === kind && one.arch === arch && one.variant === variant);
    return kept === undefined ? [] : [{ ...image, kept }];
  });
  return { ...plan, images };
}

function nameOf({ kind, arch, variant }: Image): string {
  return `${kind} ${arch} ${variant}`;
}
