import type { Channel } from '@nixos-images/shared';
import { publishPhrase } from '../report/phrases.ts';
import type { Run } from '../run.ts';
import { signingKeyFor } from '../sign/signing-key.ts';
import { build } from '../steps/build.ts';
import { planChannels } from '../steps/plan.ts';
import { publishBuilt } from '../steps/publish.ts';
import { sizeOf } from '../store/draft.ts';
import type { Published } from '../store/publish.ts';

export interface PublishCommandOptions {
  readonly channel?: readonly string[];
  readonly all?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/** What publishing did to one channel. */
type ChannelPublished =
  | { readonly channel: Channel; readonly state: 'unchanged' | 'frozen' | 'would-publish' }
  | { readonly channel: Channel; readonly state: 'published'; readonly published: Published };

/** `nixos-images publish`: plan, build, upload, verify. */
export async function publishCommand(run: Run, { dryRun, ...options }: PublishCommandOptions) {
  const results: ChannelPublished[] = [];
  for (const plan of await planChannels(run, options)) {
    const { channel, state } = plan;
    if (state !== 'to-release') results.push({ channel, state });
    else if (dryRun) results.push({ channel, state: 'would-publish' });
    else {
      // Before hours of building: a key that is missing is better known now.
      const key = await signingKeyFor(run.config, process.env);
      const published = await publishBuilt(run, await build(run, plan), key);
      results.push({ channel, state: 'published', published });
    }
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
    case 'published':
      return `${result.channel}: ${publishPhrase(result.published)}`;
  }
}
