import { type Catalog, type ChannelState, type Manifest, Version, versionsOf } from '@nixos-images/shared';
import * as v from 'valibot';
import type { Config } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Run } from '../run.ts';
import { selectChannels } from '../selection.ts';
import type { Bucket } from '../store/bucket.ts';
import { type Promotion, promote, supersedes } from '../store/promote.ts';
import { listVersions, readCatalog, readManifest, requireUnderstood } from '../store/stored.ts';
import { bootImages } from './boot.ts';

export interface GateOptions {
  readonly dryRun?: boolean | undefined;
  /** Why the images need not be booted; recorded with the release. */
  readonly withoutBootTest?: string | undefined;
}

/** Moves a release's channel to it, with what the config says of the channel. */
export async function promoteRelease(
  { bucket, config, signal }: Run,
  manifest: Manifest,
  { dryRun }: { readonly dryRun?: boolean | undefined } = {},
): Promise<Promotion> {
  const state = stateOf(config, manifest);
  return promote(bucket, manifest, { signal, dryRun, ...(state && { state }) });
}

/** Promotes a release if its images boot; one that would change nothing need not. */
export async function promoteIfItBoots(run: Run, manifest: Manifest, options: GateOptions): Promise<Promotion> {
  const preview = await promoteRelease(run, manifest, { dryRun: true });
  if (options.dryRun || preview.outcome === 'already-there') return preview;
  await bootImages(run, manifest, options.withoutBootTest);
  return promoteRelease(run, manifest);
}

function stateOf(config: Config, { channel }: Manifest): ChannelState | undefined {
  const frozen = config.channels[channel]?.frozen;
  return frozen && { status: 'frozen', ...frozen };
}

/** The releases that targets mean: versions, and of channels the newest that is not promoted yet; no target means every channel. */
export async function releasesToPromote({ bucket, config }: Run, targets: readonly string[]): Promise<Manifest[]> {
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
  if (stored !== undefined) return requireUnderstood(stored);
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
    const stored = await readManifest(bucket, version);
    if (stored === undefined) continue;
    const manifest = requireUnderstood(stored);
    const rival = newest.get(manifest.channel) ?? catalog?.channels[manifest.channel]?.current;
    if (rival === undefined || supersedes(manifest, rival)) newest.set(manifest.channel, manifest);
  }
  return [...newest.values()];
}
