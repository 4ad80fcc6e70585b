import { Channel, GithubRepository } from '@nixos-images/shared';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { ImportReport } from '../report/import-report.ts';
import { promotePhrase } from '../report/phrases.ts';
import type { Run } from '../run.ts';
import { type ImportOutcome, importReleases } from '../steps/import.ts';

export interface ImportCommandOptions {
  readonly tag?: string | undefined;
  readonly all?: boolean | undefined;
  readonly channel?: string | undefined;
  readonly series?: string | undefined;
  readonly smoke?: boolean | undefined;
  readonly promote?: boolean | undefined;
  readonly withoutBootTest?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** `nixos-images import github:OWNER/REPO`: takes releases over that exist on GitHub. */
export async function importCommand(run: Run, source: string, options: ImportCommandOptions) {
  const { all = false, smoke = false, promote = false, dryRun = false } = options;
  const { tag, series, withoutBootTest } = options;
  const repository = parseSource(source);
  const channel = options.channel === undefined ? undefined : parseChannel(options.channel);
  const selection = { repository, tag, all, channel, series, smoke, promote, withoutBootTest, dryRun };
  const outcomes = await importReleases(run, selection);
  const json: ImportReport = { repository, dryRun, releases: outcomes.map(outcomeJson) };
  return {
    json,
    text: outcomes.map(outcomeText).join('\n'),
    failed: outcomes.some(({ state }) => state === 'failed'),
  };
}

/** The repository that `github:OWNER/REPO` names. @throws Failure (exit 2) */
export function parseSource(source: string): GithubRepository {
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

/** What came of a release of the source, as documented JSON. */
export function outcomeJson(outcome: ImportOutcome): ImportReport['releases'][number] {
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

/** The same for people. */
export function outcomeText(outcome: ImportOutcome): string {
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
    ...(promotion ? [`  ${promotion.channel}: ${promotePhrase(promotion)}`] : []),
    ...(next ? [`  next: nixos-images promote ${version}`] : []),
  ].join('\n');
}
