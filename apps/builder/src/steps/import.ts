import { join } from 'node:path';
import { type Channel, type GithubRepository, GithubTag } from '@nixos-images/shared';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import { githubAccessFrom } from '../github/access.ts';
import { channelOfTag } from '../github/family.ts';
import { type Imported, importRelease } from '../github/import.ts';
import type { GithubRelease } from '../github/release-objects.ts';
import { GithubReleases } from '../github/releases.ts';
import type { Run } from '../run.ts';
import { signingKeyFor } from '../sign/signing-key.ts';
import { attachSignatures } from '../store/attach.ts';
import type { Promotion } from '../store/promote.ts';
import { promoteIfItBoots } from './promote.ts';

export interface ImportSelection {
  readonly repository: GithubRepository;
  /** The release of this tag; absent with `all`. */
  readonly tag: string | undefined;
  /** Every release whose tag is named like a channel. */
  readonly all: boolean;
  /** The channel it belongs to, if its tag does not say so. */
  readonly channel: Channel | undefined;
  /** The NixOS series of nixos-unstable, if no netboot script says it. */
  readonly series: string | undefined;
  readonly smoke: boolean;
  readonly promote: boolean;
  readonly withoutBootTest: string | undefined;
  readonly dryRun: boolean;
}

/** One release of the source, and what came of it. */
export type ImportOutcome =
  | { readonly tag: string; readonly state: 'imported'; readonly imported: Imported; readonly promotion?: Promotion }
  | { readonly tag: string; readonly state: 'would-import'; readonly imported: Imported }
  | { readonly tag: string; readonly state: 'failed'; readonly reason: string };

/** Takes releases over that exist on GitHub. With `all`, one that cannot be taken over does not hold the others back. */
export async function importReleases(run: Run, selection: ImportSelection): Promise<ImportOutcome[]> {
  const { progress, signal } = run;
  const { repository, all } = selection;
  const releases = new GithubReleases(repository, { access: githubAccessFrom(process.env), progress, signal });
  const outcomes: ImportOutcome[] = [];
  const chosen = await choose(releases, selection);
  for (const release of chosen) {
    try {
      outcomes.push(await importOne(run, releases, release, selection));
    } catch (error) {
      // A single one is the whole command.
      if (!(error instanceof Failure) || !all || chosen.length === 1) throw error;
      outcomes.push({ tag: release.tag, state: 'failed', reason: error.message });
    }
  }
  return outcomes;
}

async function importOne(
  run: Run,
  releases: GithubReleases,
  release: GithubRelease,
  { channel, series, smoke, promote, withoutBootTest, dryRun }: ImportSelection,
): Promise<ImportOutcome> {
  const { bucket, config, progress } = run;
  const key = await signingKeyFor(config, process.env);
  const imported = await importRelease(release, {
    releases,
    bucket,
    progress,
    folder: join(config.state, 'downloads'),
    channel,
    series,
    smoke,
    attach: key && attachSignatures(key, new Map()),
    dryRun,
  });
  const { tag } = release;
  const { published } = imported;
  if (published === undefined) return { tag, state: 'would-import', imported };
  if (!promote) return { tag, state: 'imported', imported };
  const promotion = await promoteIfItBoots(run, published.manifest, { withoutBootTest });
  return { tag, state: 'imported', imported, promotion };
}

async function choose(releases: GithubReleases, { tag: named, all }: ImportSelection): Promise<GithubRelease[]> {
  if ((named === undefined) === !all) {
    throw new Failure('Say which releases to import: --tag TAG, or --all.', { exitCode: EXIT.usage });
  }
  if (named !== undefined) {
    const tag = v.safeParse(GithubTag, named);
    const release = tag.success ? await releases.published(tag.output) : undefined;
    if (release !== undefined) return [release];
    const there = (await releases.list()).filter(({ draft }) => !draft).map((one) => one.tag);
    throw new Failure(`${releases.repository} has no release ${JSON.stringify(named)}.`, {
      remedy: there.length === 0 ? 'It has no releases at all.' : `It has: ${there.slice(0, 10).join(', ')}.`,
    });
  }
  const ofChannels = (await releases.list()).filter(({ draft, tag }) => !draft && channelOfTag(tag) !== undefined);
  if (ofChannels.length > 0) return ofChannels;
  throw new Failure(`${releases.repository} has no release that is named like a channel.`, {
    remedy: 'Import one by its tag: --tag TAG --channel nixos-26.05.',
  });
}
