import { type BuiltFile, type BuiltImage, type DescribedImage, hashImage } from '../nix/output.ts';
import type { Run } from '../run.ts';

/**
 * Hashes the files of images.
 * @param onFile gets the files of an image as soon as they are hashed, so that their uploads may begin.
 */
export async function hashImages(
  { config, progress, signal }: Run,
  images: readonly DescribedImage[],
  onFile: (file: BuiltFile) => void = () => {},
): Promise<BuiltImage[]> {
  const hashed: BuiltImage[] = [];
  // One after the other: hashing is bound by the processor, not by the disk.
  for (const image of images) {
    const { files, ...rest } = await hashImage(image, { state: config.state, edge: config.edge, progress, signal });
    files.forEach(onFile);
    hashed.push({ files, ...rest });
  }
  return hashed;
}
