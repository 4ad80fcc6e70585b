import { type Catalog, type ChannelState, type Manifest, Version, versionsOf } from '@nixos-images/shared';
import * as v from 'valibot';
import type { Config } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Run } from '../run.ts';
import { selectChannels } from '../selection.ts';
import { passBootGate } from '../steps/boot.ts';
import type { Bucket } from '../store/bucket.ts';
import { type Promotion, promote, supersedes } from '../store/promote.ts';
import { listVersions, readCatalog, readManifest } from '../store/stored.ts';

export interface PromoteCommandOptions {
  readonly dryRun?: boolean;
  /** Why the boot gate is passed by. */
  readonly withoutBootTest?: string;
}

/** `nixos-images promote [CHANNEL or VERSION …]`: moves channels to releases that are published. */
export async function promoteCommand(command: Run, targets: readonly string[], options: PromoteCommandOptions) {
  const { bucket, config } = command;
  const manifests = await resolveTargets(bucket, config, targets);
  const promotions: Promotion[] = [];
  for (const manifest of manifests) promotions.push(await promoteGated(command, manifest, options));
  const text = promotions.map((promotion) => promotionText(promotion, options.dryRun ?? false));
  return {
    json: {
      promotions: promotions.map(({ before, ...rest }) => ({ ...rest, before: before ?? null })),
      dryRun: options.dryRun ?? false,
    },
    text: text.length > 0 ? text.join('\n') : 'nothing to do',
  };
}

/** Promotes a release if its images boot; one that would change nothing need not. */
export async function promoteGated(
  { bucket, config, progress, signal }: Run,
  manifest: Manifest,
  { dryRun = false, withoutBootTest }: PromoteCommandOptions,
): Promise<Promotion> {
  const state = stateOf(config, manifest);
  const promotion = { signal, ...(state && { state }) };
  const preview = await promote(bucket, manifest, { ...promotion, dryRun: true });
  if (dryRun || preview.outcome === 'already-there') return preview;
  await passBootGate(bucket, manifest, { state: config.state, progress, signal, without: withoutBootTest });
  return promote(bucket, manifest, promotion);
}

function stateOf(config: Config, { channel }: Manifest): ChannelState | undefined {
  const frozen = config.channels[channel]?.frozen;
  return frozen && { status: 'frozen', ...frozen };
}

/** One line on what a promotion changed. */
export function promotionText({ channel, version, before, outcome }: Promotion, dryRun: boolean): string {
  const would = dryRun ? 'would be ' : '';
  switch (outcome) {
    case 'already-there':
      return `${channel}: nothing to do, it is at ${before ?? version}`;
    case 'behind':
      return `${channel}: ${would}kept at the newer ${before}; ${version} is listed among the former releases (to go back to it: nixos-images rollback ${channel} --to ${version})`;
    case 'promoted':
      return `${channel}: ${would}promoted to ${version}${before === undefined ? '' : ` from ${before}`}`;
  }
}

async function resolveTargets(bucket: Bucket, config: Config, targets: readonly string[]): Promise<Manifest[]> {
  const versions = targets.filter((target) => v.is(Version, target));
  const names = targets.filter((target) => !v.is(Version, target));
  const named = await Promise.all(versions.map((target) => requireManifest(bucket, v.parse(Version, target))));
  if (targets.length > 0 && names.length === 0) return named;
  const channels = selectChannels(config, names);
  const catalog = (await readCatalog(bucket))?.catalog;
  return [...named, ...(await newestUnpromoted(bucket, catalog)).filter(({ channel }) => channels.includes(channel))];
}

async function requireManifest(bucket: Bucket, version: Version): Promise<Manifest> {
  const stored = await readManifest(bucket, version);
  if (stored !== undefined) return stored.manifest;
  const there = await listVersions(bucket);
  throw new Failure(`There is no release ${version}.`, {
    remedy: there.length > 0 ? `There are: ${there.join(', ')}.` : 'Publish one first: nixos-images publish.',
    exitCode: EXIT.usage,
  });
}

/** For every channel the newest release that the catalog does not name and that is newer than what the channel is at. */
async function newestUnpromoted(bucket: Bucket, catalog: Catalog | undefined): Promise<Manifest[]> {
  const known = new Set(catalog === undefined ? [] : versionsOf(catalog).map(({ version }) => version));
  const unknown = (await listVersions(bucket)).filter((version) => !known.has(version));
  const newest = new Map<Manifest['channel'], Manifest>();
  for (const version of unknown) {
    const manifest = (await readManifest(bucket, version))?.manifest;
    if (manifest === undefined) continue;
    const rival = newest.get(manifest.channel) ?? catalog?.channels[manifest.channel]?.current;
    if (rival === undefined || supersedes(manifest, rival)) newest.set(manifest.channel, manifest);
  }
  return [...newest.values()];
}
