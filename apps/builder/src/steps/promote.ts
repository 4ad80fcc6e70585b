import { type Catalog, type Channel, type Manifest, stageOf, Version, versionsOf } from '@nixos-images/shared';
import * as v from 'valibot';
import { type Config, standingOf } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Run } from '../run.ts';
import { parseImageName, selectChannels } from '../selection.ts';
import type { Bucket } from '../store/bucket.ts';
import { type Promotion, promote, supersedes } from '../store/promote.ts';
import { listVersions, readCatalog, readManifest, requireUnderstood } from '../store/stored.ts';
import { bootImages } from './boot.ts';

export interface GateOptions {
  readonly dryRun?: boolean | undefined;
  /** Why the images need not be booted; recorded with the release. */
  readonly withoutBootTest?: string | undefined;
  /** Images that the aliases may lose by it, as a user names them. */
  readonly dropImage?: readonly string[] | undefined;
}

/** Moves a release's channel to it, with what the config says of the channel. */
export async function promoteRelease(
  { bucket, config, signal }: Run,
  manifest: Manifest,
  { dryRun, dropImage = [] }: Pick<GateOptions, 'dryRun' | 'dropImage'> = {},
): Promise<Promotion> {
  const settings = config.channels[manifest.channel];
  const standing = settings && { standing: standingOf(settings) };
  return promote(bucket, manifest, { signal, dryRun, dropImages: dropImage.map(parseImageName), ...standing });
}

/** Promotes a release if its images boot; one that would change nothing need not. */
export async function promoteIfItBoots(run: Run, manifest: Manifest, options: GateOptions): Promise<Promotion> {
  const { dropImage } = options;
  const preview = await promoteRelease(run, manifest, { dropImage, dryRun: true });
  if (options.dryRun || preview.outcome === 'already-there') return preview;
  if (preview.outcome !== 'staged') await bootImages(run, manifest, options.withoutBootTest);
  return promoteRelease(run, manifest, { dropImage });
}

/** The releases that targets mean: versions, and of channels the newest that is not promoted yet; no target means every channel. */
export async function releasesToPromote({ bucket, config }: Run, targets: readonly string[]): Promise<Manifest[]> {
  const versions = targets.filter((target) => v.is(Version, target));
  const names = targets.filter((target) => !v.is(Version, target));
  const named = await Promise.all(versions.map((target) => requireManifest(bucket, v.parse(Version, target))));
  if (targets.length > 0 && names.length === 0) return named;
  const channels = selectChannels(config, names);
  const catalog = (await readCatalog(bucket))?.catalog;
  const unpromoted = (await newestUnpromoted(bucket, catalog)).filter(({ channel }) => channels.includes(channel));
  const others = channels.filter((channel) => !unpromoted.some((manifest) => manifest.channel === channel));
  return [...named, ...unpromoted, ...restaged(config, catalog, others, await bucket.now())];
}

/** What channels are at that the config has at another stage than the catalog. */
function restaged(config: Config, catalog: Catalog | undefined, channels: readonly Channel[], now: Date): Manifest[] {
  return channels.flatMap((channel) => {
    const [entry, settings] = [catalog?.channels[channel], config.channels[channel]];
    if (entry === undefined || settings === undefined) return [];
    return stageOf(entry, now.getTime()) === standingOf(settings).stage ? [] : [entry.current];
  });
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
