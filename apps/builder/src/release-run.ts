import { ageInDays, type Channel, isStale, type Manifest, timeOf } from '@nixos-images/shared';
import { Failure } from './failure.ts';
import type { Mirrored } from './github/mirror.ts';
import { channelReport, type Released } from './report/channel-report.ts';
import {
  bootPhrase,
  buildPhrase,
  collectPhrase,
  lockPhrase,
  mirrorPhrases,
  planPhrase,
  promotePhrase,
  publishPhrase,
} from './report/phrases.ts';
import type { ChannelReport, ReleaseReport } from './report/report.ts';
import { StepFailed, StepLog } from './report/step-log.ts';
import type { Run } from './run.ts';
import { selectChannels } from './selection.ts';
import { signingKeyFor } from './sign/signing-key.ts';
import { bootImages } from './steps/boot.ts';
import { buildProblems, buildWhatBuilds } from './steps/build.ts';
import { collectGarbage } from './steps/gc.ts';
import { updateLocks } from './steps/lock.ts';
import { mirrorCurrent } from './steps/mirror.ts';
import { type ChannelPlan, planChannels } from './steps/plan.ts';
import { promoteRelease } from './steps/promote.ts';
import { publishBuilt } from './steps/publish.ts';
import { freeze } from './store/freeze.ts';
import { readCatalog } from './store/stored.ts';

export interface ReleaseOptions {
  /** Channels as users name them; empty for all of the config. */
  readonly channels: readonly string[];
  readonly updateLock: boolean;
  /** Why the images need not be booted. */
  readonly withoutBootTest: string | undefined;
  /** Images that the aliases may lose by it, as a user names them. */
  readonly dropImage: readonly string[];
  readonly collectGarbage: boolean;
}

/**
 * The weekly run: lock → plan → build → publish → boot → promote → mirror → gc. Every channel goes its way from its flake to what
 * users download by itself, so that one that fails does not hold the others back. Every step can be run again and skips what is
 * done; so a run that was stopped goes on.
 */
export async function runRelease(run: Run, options: ReleaseOptions): Promise<ReleaseReport> {
  const clock = performance.now();
  const chosen = selectChannels(run.config, options.channels);
  const log = new StepLog(run.signal);

  const lock = options.updateLock
    ? await log.attempt(() => updateLocks(run.config, run.signal), lockPhrase)
    : 'left as it is';

  const channels: ChannelReport[] = [];
  for (const channel of chosen) channels.push(await releaseChannel(run, channel, options));

  const collected = options.collectGarbage
    ? await log.attempt(() => collectGarbage(run, { delete: true }), collectPhrase)
    : 'left alone';

  const problems = [...log.problems, ...(await staleChannels(run, chosen))];
  const took = (performance.now() - clock) / 1000;
  const begun = timeOf(new Date((await run.bucket.now()).getTime() - took * 1000));
  return { schema: 1, begun, took, lock, channels, collected, problems };
}

/** One channel's way: plan, what there is to release, mirror. */
async function releaseChannel(run: Run, channel: Channel, options: ReleaseOptions): Promise<ChannelReport> {
  const before = await currentRelease(run, channel);
  const log = new StepLog(run.signal);
  let outcome: ChannelReport['outcome'] = 'failed';
  let released: Released | undefined;
  try {
    const plan = await log.step('plan', () => planChannel(run, channel), planPhrase);
    if (plan.state === 'to-release') released = await release(run, plan, log, options);
    if (plan.state === 'frozen' && before !== undefined) await freezeAsConfigured(run, channel, log);
    await mirror(run, channel, log);
    if (plan.state !== 'to-release') outcome = plan.state;
    else outcome = released?.promotion.outcome === 'behind' ? 'behind' : 'released';
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
  return channelReport({ channel, config: run.config, outcome, before, released, log });
}

/** From a plan to what users download. */
async function release(run: Run, plan: ChannelPlan, log: StepLog, options: ReleaseOptions): Promise<Released> {
  const { built, key } = await log.step(
    'build',
    async () => {
      // Before hours of building: a key that is missing is better known now.
      const key = await signingKeyFor(run.config, process.env);
      return { built: await buildWhatBuilds(run, plan), key };
    },
    ({ built }) => buildPhrase(built),
  );
  log.problems.push(...buildProblems(built));
  const { manifest } = await log.step('publish', () => publishBuilt(run, built, key), publishPhrase);
  const boots = await log.step('boot', () => bootImages(run, manifest, options.withoutBootTest), bootPhrase);
  const promotion = await log.step('promote', () => promoteRelease(run, manifest, options), promotePhrase);
  return { plan, manifest, boots, promotion };
}

async function planChannel(run: Run, channel: Channel): Promise<ChannelPlan> {
  const [plan] = await planChannels(run, { channel: [channel] });
  if (plan === undefined) throw new Failure(`The config has no ${channel}.`);
  return plan;
}

/** The config says that upstream ended the channel: users are to be told, by the catalog. */
async function freezeAsConfigured({ bucket, config, signal }: Run, channel: Channel, log: StepLog): Promise<void> {
  const frozen = config.channels[channel]?.frozen;
  if (frozen === undefined) return;
  const say = ({ changed }: { changed: boolean }) => (changed ? `from now on: ${frozen.reason}` : 'was frozen already');
  await log.step('freeze', () => freeze(bucket, channel, frozen, { signal }), say);
}

async function mirror(run: Run, channel: Channel, log: StepLog): Promise<void> {
  if (run.config.mirror === undefined) return log.skip('mirror', 'the config names none');
  const current = await currentRelease(run, channel);
  if (current === undefined) return log.skip('mirror', 'there is no release yet');
  const say = (mirrored: Mirrored) => mirrorPhrases(mirrored).join('; ');
  await log.step('mirror', () => mirrorCurrent(run, current), say);
}

async function currentRelease({ bucket }: Run, channel: Channel): Promise<Manifest | undefined> {
  return (await readCatalog(bucket))?.catalog.channels[channel]?.current;
}

/** A sentence for every channel that should have had a release by now. */
async function staleChannels({ bucket, config }: Run, chosen: readonly Channel[]): Promise<string[]> {
  const catalog = (await readCatalog(bucket))?.catalog;
  const now = await bucket.now();
  const limit = config.staleAfterDays;
  return chosen.flatMap((channel) => {
    const entry = catalog?.channels[channel];
    if (entry === undefined || config.channels[channel]?.frozen !== undefined) return [];
    if (!isStale(entry, now, limit)) return [];
    return [`${channel} got its last release ${Math.floor(ageInDays(entry, now))} days ago; the limit is ${limit}.`];
  });
}
