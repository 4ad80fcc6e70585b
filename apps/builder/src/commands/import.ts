import { join } from 'node:path';
import { Channel, GithubRepository, GithubTag, Kind, Version } from '@nixos-images/shared';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import { githubAccessFrom } from '../github/access.ts';
import { channelOfTag } from '../github/family.ts';
import { type Imported, importRelease } from '../github/import.ts';
import type { GithubRelease } from '../github/release-objects.ts';
import { GithubReleases } from '../github/releases.ts';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Run } from '../run.ts';
import { signingKeyFor } from '../sign/signing-key.ts';
import { attachSignatures } from '../store/attach.ts';
import type { Promotion } from '../store/promote.ts';
import { promoteGated, promotionText } from './promote.ts';

export interface ImportCommandOptions {
  readonly tag?: string;
  readonly all?: boolean;
  readonly channel?: string;
  readonly series?: string;
  readonly smoke?: boolean;
  readonly promote?: boolean;
  readonly withoutBootTest?: string;
  readonly dryRun?: boolean;
}

const Facts = {
  tag: v.string(),
  channel: Channel,
  version: Version,
  images: v.array(Kind),
  /** Of all files. */
  bytes: v.number(),
  downloadedBytes: v.number(),
  /** Assets that GitHub has no digest of; only their sizes could be checked. */
  withoutDigest: v.array(v.string()),
  leftOut: v.array(v.object({ name: v.string(), reason: v.string() })),
};

/** `import --json`. */
export const ImportReport = v.object({
  repository: GithubRepository,
  dryRun: v.boolean(),
  releases: v.array(
    v.variant('state', [
      v.object({ ...Facts, state: v.literal('would-import') }),
      v.object({
        ...Facts,
        state: v.literal('imported'),
        /** False when the very same release was in the bucket already. */
        created: v.boolean(),
        /** With `--promote`. */
        promotion: v.exactOptional(
          v.object({
            channel: Channel,
            version: Version,
            before: v.nullable(Version),
            outcome: v.picklist(['promoted', 'already-there', 'behind']),
          }),
        ),
      }),
      v.object({ tag: v.string(), state: v.literal('failed'), reason: v.string() }),
    ]),
  ),
});
export type ImportReport = v.InferOutput<typeof ImportReport>;

/** One release of the source, and what came of it. */
type Outcome =
  | { readonly tag: string; readonly state: 'imported'; readonly imported: Imported; readonly promotion?: Promotion }
  | { readonly tag: string; readonly state: 'would-import'; readonly imported: Imported }
  | { readonly tag: string; readonly state: 'failed'; readonly reason: string };

/** `nixos-images import github:OWNER/REPO`: takes releases over that exist on GitHub. */
export async function importCommand(command: Run, source: string, options: ImportCommandOptions) {
  const { bucket, config, progress, signal } = command;
  const repository = parseSource(source);
  const channel = options.channel === undefined ? undefined : parseChannel(options.channel);
  const releases = new GithubReleases(repository, { access: githubAccessFrom(process.env), progress, signal });
  const key = await signingKeyFor(config, process.env);
  const chosen = await choose(releases, options);
  const outcomes: Outcome[] = [];
  for (const release of chosen) {
    const { tag } = release;
    try {
      const imported = await importRelease(release, {
        releases,
        bucket,
        progress,
        folder: join(config.state, 'downloads'),
        channel,
        series: options.series,
        smoke: options.smoke ?? false,
        attach: key && attachSignatures(key, new Map()),
        dryRun: options.dryRun ?? false,
      });
      const { published } = imported;
      if (published === undefined) outcomes.push({ tag, state: 'would-import', imported });
      else if (!options.promote) outcomes.push({ tag, state: 'imported', imported });
      else {
        const gate = options.withoutBootTest === undefined ? {} : { withoutBootTest: options.withoutBootTest };
        const promotion = await promoteGated(command, published.manifest, gate);
        outcomes.push({ tag, state: 'imported', imported, promotion });
      }
    } catch (error) {
      // With --all one bad release does not hold the others back; a single one is the whole command.
      if (!(error instanceof Failure) || chosen.length === 1) throw error;
      outcomes.push({ tag, state: 'failed', reason: error.message });
    }
  }
  const json: ImportReport = { repository, dryRun: options.dryRun ?? false, releases: outcomes.map(outcomeJson) };
  return {
    json,
    text: outcomes.map(outcomeText).join('\n'),
    failed: outcomes.some(({ state }) => state === 'failed'),
  };
}

function parseSource(source: string): GithubRepository {
  const repository = v.safeParse(GithubRepository, source.replace(/^github:/, ''));
  if (source.startsWith('github:') && repository.success) return repository.output;
  throw new Failure(`${JSON.stringify(source)} is no source to import from.`, {
    remedy: 'Write it so: github:nix-community/nixos-images.',
    exitCode: EXIT.usage,
  });
}

function parseChannel(name: string): Channel {
  const channel = v.safeParse(Channel, name);
  if (channel.success) return channel.output;
  throw new Failure(`${JSON.stringify(name)} is no channel.`, {
    remedy: 'A channel is nixos-unstable, or nixos-YY.MM.',
    exitCode: EXIT.usage,
  });
}

async function choose(releases: GithubReleases, options: ImportCommandOptions): Promise<GithubRelease[]> {
  if ((options.tag === undefined) === (options.all !== true)) {
    throw new Failure('Say which releases to import: --tag TAG, or --all.', { exitCode: EXIT.usage });
  }
  if (options.tag !== undefined) {
    const tag = v.safeParse(GithubTag, options.tag);
    const release = tag.success ? await releases.published(tag.output) : undefined;
    if (release !== undefined) return [release];
    const there = (await releases.list()).filter(({ draft }) => !draft).map((one) => one.tag);
    throw new Failure(`${releases.repository} has no release ${JSON.stringify(options.tag)}.`, {
      remedy: there.length === 0 ? 'It has no releases at all.' : `It has: ${there.slice(0, 10).join(', ')}.`,
    });
  }
  const all = (await releases.list()).filter(({ draft, tag }) => !draft && channelOfTag(tag) !== undefined);
  if (all.length > 0) return all;
  throw new Failure(`${releases.repository} has no release that is named like a channel.`, {
    remedy: 'Import one by its tag: --tag TAG --channel nixos-26.05.',
  });
}

function outcomeJson(outcome: Outcome): ImportReport['releases'][number] {
  if (outcome.state === 'failed') return outcome;
  const { published, withoutDigest, leftOut, ...imported } = outcome.imported;
  const facts = { ...imported, withoutDigest: [...withoutDigest], leftOut: [...leftOut] };
  if (outcome.state === 'would-import') return { ...facts, state: outcome.state };
  const { state, promotion } = outcome;
  return {
    ...facts,
    state,
    created: published?.created ?? false,
    ...(promotion && { promotion: { ...promotion, before: promotion.before ?? null } }),
  };
}

function outcomeText(outcome: Outcome): string {
  if (outcome.state === 'failed') return `${outcome.tag}: not imported: ${outcome.reason}`;
  const { tag, imported } = outcome;
  const { version, images, bytes, downloadedBytes, withoutDigest, leftOut, published } = imported;
  const what = `${version}, ${formatCount(images.length, 'image')}, ${formatBytes(bytes)}`;
  const said =
    published === undefined
      ? `${tag}: would be imported as ${what}`
      : `${tag}: ${published.created ? 'imported' : 'was imported already'} as ${what} (${formatBytes(downloadedBytes)} downloaded)`;
  const promotion = outcome.state === 'imported' ? outcome.promotion : undefined;
  const next = published !== undefined && promotion === undefined;
  return [
    said,
    ...(withoutDigest.length > 0 ? [`  only the size could be checked of: ${withoutDigest.join(', ')}`] : []),
    ...leftOut.map(({ name, reason }) => `  left out: ${name}: ${reason}`),
    ...(promotion ? [`  ${promotionText(promotion, false)}`] : []),
    ...(next ? [`  next: nixos-images promote ${version}`] : []),
  ].join('\n');
}
