/** What came of a step, in a few words: the same in what a command prints and in the report of a whole run. */
import type { BootRecord } from '@nixos-images/shared';
import type { Mirrored } from '../github/mirror.ts';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Built } from '../steps/build.ts';
import type { Collected } from '../steps/gc.ts';
import type { LockUpdate } from '../steps/lock.ts';
import { type ChannelPlan, imagesToBuild } from '../steps/plan.ts';
import type { Promotion } from '../store/promote.ts';
import type { Published } from '../store/publish.ts';

export function lockPhrase({ flakes, changes }: LockUpdate): string {
  if (flakes === 0) return 'not updated, no flake of the config is on this machine';
  return changes.length === 0 ? 'nothing new' : changes.join(', ');
}

export function planPhrase(plan: ChannelPlan): string {
  switch (plan.state) {
    case 'unchanged':
      return 'nothing new';
    case 'frozen':
      return 'frozen';
    case 'to-release':
      return `${formatCount(imagesToBuild(plan).length, 'image')} to build`;
  }
}

export function buildPhrase({ images }: Built): string {
  return formatCount(images.length, 'image');
}

export function publishPhrase({ manifest, created, uploadedBlobs, uploadedBytes }: Published): string {
  const how = created ? 'published' : 'was published already';
  return `${manifest.version} ${how}, ${formatCount(uploadedBlobs, 'blob')} uploaded (${formatBytes(uploadedBytes)})`;
}

export function bootPhrase(record: BootRecord): string {
  if (record.gate === 'skipped') return `not tried: ${record.reason}`;
  const booted = record.tests.filter(({ outcome }) => outcome === 'booted').length;
  const rest = record.tests.length - booted;
  return `booted ${formatCount(booted, 'time')}${rest === 0 ? '' : `, ${rest} not tried`}`;
}

export function promotePhrase({ channel, version, before, outcome, stage }: Promotion, dryRun = false): string {
  const would = dryRun ? 'would be ' : '';
  switch (outcome) {
    case 'already-there':
      return `nothing to do, it is at ${before ?? version}`;
    case 'behind':
      return `${would}kept at the newer ${before}; ${version} is listed among the former releases (to go back to it: nixos-images rollback ${channel} --to ${version})`;
    case 'staged':
      return `${would}${stage} from now on, at ${version}`;
    case 'promoted':
      return `${would}promoted to ${version}${before === undefined ? '' : ` from ${before}`}`;
  }
}

/** What was done, then what cannot be in the mirror. */
export function mirrorPhrases(mirrored: Mirrored): [string, ...string[]] {
  const { mirror, rollingTag, uploadedAssets, uploadedBytes, leftOut } = mirrored;
  const tags = rollingTag === undefined ? mirror.tag : `${mirror.tag} and ${rollingTag}`;
  const did =
    uploadedAssets === 0
      ? 'nothing to upload'
      : `${formatCount(uploadedAssets, 'asset')} uploaded (${formatBytes(uploadedBytes)})`;
  return [`in ${mirror.repository} under ${tags}, ${did}`, ...leftOutPhrases(leftOut)];
}

export function leftOutPhrases(leftOut: Mirrored['leftOut']): string[] {
  return leftOut.map(({ name, reason }) => `left out: ${name}: ${reason}`);
}

export function collectPhrase({ deleted, garbage, uploads = [] }: Collected): string {
  const blobs = garbage.flatMap((each) => each.blobs);
  const releases = garbage.reduce((sum, each) => sum + each.releases.size, 0);
  const expired = garbage.reduce((sum, each) => sum + each.expired.size, 0);
  if (blobs.length + releases + expired + uploads.length === 0) return 'nothing to collect';
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  const aborts =
    uploads.length === 0
      ? ''
      : `, and ${deleted ? 'aborted' : 'abort'} ${formatCount(uploads.length, 'broken-off upload')}`;
  return `${deleted ? 'deleted' : 'would delete'} ${formatCount(blobs.length, 'blob')} (${formatBytes(bytes)}) and ${formatCount(releases, 'release')}${aborts}`;
}
