import type { BuiltImage } from '../nix/output.ts';
import type { Run } from '../run.ts';
import type { SigningKey } from '../sign/minisign.ts';
import { attachSignatures, inOrder } from '../store/attach.ts';
import { type Attach, type Published, publish } from '../store/publish.ts';
import { ReleaseUploads } from '../store/release-uploads.ts';
import { attachSource } from './attach-source.ts';
import type { Built } from './build.ts';
import { composeCandidate, draftOf } from './candidate.ts';
import { hashImages } from './hash.ts';

/**
 * Hashes what was built, uploads each file while the next one is hashed, and writes and reads back the release that they make. It
 * moves no channel.
 */
export async function publishBuilt(run: Run, { plan, images }: Built, key: SigningKey | undefined): Promise<Published> {
  const { bucket, config, progress, signal } = run;
  const uploads = new ReleaseUploads(bucket, plan.channel, progress);
  try {
    const hashed = await hashImages(run, images, uploads.add);
    const source = attachSource({ flake: plan.flake, nix: { cwd: config.folder, signal } }, key);
    const attach = key === undefined ? source : inOrder(signing(key, hashed), source);
    return await publish(bucket, draftOf(composeCandidate(plan, hashed)), { progress, attach, uploads });
  } catch (error) {
    await uploads.stop();
    throw error;
  }
}

function signing(key: SigningKey, images: readonly BuiltImage[]): Attach {
  const digests = images.flatMap(({ files, efi }) => [...files.map(({ digest }) => digest), ...(efi ? [efi] : [])]);
  const known = new Map(digests.map(({ sha256, blake2b }) => [sha256, blake2b]));
  return attachSignatures(key, known);
}
