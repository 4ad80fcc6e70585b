import { EXIT, Failure } from '../failure.ts';
import type { BuiltImage } from '../nix/output.ts';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Run } from '../run.ts';
import type { SigningKey } from '../sign/minisign.ts';
import { signingKeyFor } from '../sign/signing-key.ts';
import { attachSource } from '../steps/attach-source.ts';
import { composeCandidate, draftOf } from '../steps/candidate.ts';
import type { ChannelPlan } from '../steps/plan.ts';
import { attachSignatures, inOrder } from '../store/attach.ts';
import { sizeOf } from '../store/draft.ts';
import { type Attach, type Published, publish } from '../store/publish.ts';
import { ReleaseUploads } from '../store/release-uploads.ts';
import { buildPlanned } from './build.ts';
import { makePlans, type PlannedChannel } from './plan.ts';

export interface PublishCommandOptions {
  readonly channel?: readonly string[];
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

/** What publishing did to one channel. */
export type ChannelPublished =
  | { readonly channel: ChannelPlan['channel']; readonly state: 'unchanged' | 'frozen' | 'would-publish' }
  | { readonly channel: ChannelPlan['channel']; readonly state: 'published'; readonly published: Published };

/** Builds and publishes what a plan says; moves no channel. */
export async function publishPlanned(command: Run, { plan, wanted }: PlannedChannel): Promise<Published> {
  const { bucket, config, progress } = command;
  if (plan.images.length === 0) throw new Failure(`${plan.channel} has no images.`, { exitCode: EXIT.usage });
  // Before hours of building: a key that is missing is better known now.
  const key = await signingKeyFor(config, process.env);
  const uploads = new ReleaseUploads(bucket, plan.channel, progress);
  try {
    const built = await buildPlanned(command, plan, uploads.add);
    const attach = attachmentsOf(command, { wanted, built, key });
    return await publish(bucket, draftOf(composeCandidate(plan, built)), { progress, attach, uploads });
  } catch (error) {
    await uploads.stop();
    throw error;
  }
}

interface Attachable {
  readonly wanted: PlannedChannel['wanted'];
  readonly built: readonly BuiltImage[];
  readonly key: SigningKey | undefined;
}

function attachmentsOf({ config, signal }: Run, { wanted, built, key }: Attachable): Attach {
  const source = attachSource({ flake: wanted.config.flake, nix: { cwd: config.folder, signal } }, key);
  const known = new Map(built.flatMap(({ files }) => files.map(({ digest }) => [digest.sha256, digest.blake2b])));
  return key === undefined ? source : inOrder(attachSignatures(key, known), source);
}

/** `nixos-images publish`: plan, build, upload, verify. */
export async function publishCommand(command: Run, options: PublishCommandOptions) {
  const results: ChannelPublished[] = [];
  for (const planned of await makePlans(command, options)) {
    const { channel, state } = planned.plan;
    if (state !== 'to-release') results.push({ channel, state });
    else if (options.dryRun) results.push({ channel, state: 'would-publish' });
    else results.push({ channel, state: 'published', published: await publishPlanned(command, planned) });
  }
  return { json: { channels: results.map(publishedJson) }, text: results.map(publishedText).join('\n') };
}

function publishedJson(result: ChannelPublished) {
  if (result.state !== 'published') return result;
  const { manifest, created, uploadedBlobs, uploadedBytes, presentBlobs } = result.published;
  const { channel, state } = result;
  const { version } = manifest;
  return { channel, state, version, created, bytes: sizeOf(manifest), uploadedBlobs, uploadedBytes, presentBlobs };
}

function publishedText(result: ChannelPublished): string {
  switch (result.state) {
    case 'unchanged':
      return `${result.channel}: nothing to do`;
    case 'frozen':
      return `${result.channel}: frozen, nothing to do`;
    case 'would-publish':
      return `${result.channel}: would be published`;
    case 'published': {
      const { manifest, created, uploadedBlobs, uploadedBytes } = result.published;
      const said = created ? 'published' : 'was published already';
      return `${result.channel}: ${manifest.version} ${said}, ${formatCount(uploadedBlobs, 'blob')} uploaded (${formatBytes(uploadedBytes)})`;
    }
  }
}
