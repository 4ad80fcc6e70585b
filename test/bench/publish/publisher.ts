/**
 * Publishes the files of a folder as one release, as `nixos-images publish` does after building: hash, upload, manifest, read back.
 *
 *     node publisher.ts ENDPOINT FOLDER STATE
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Channel,
  fileName,
  Manifest,
  mediaTypeOf,
  NixpkgsVersion,
  parseJson,
  Variant,
  versionOf,
} from '@nixos-images/shared';
import { digestFile, FileDigest, promote, publish, ReleaseUploads, silentProgress } from 'nixos-images/store';
import * as v from 'valibot';
import { openBucket } from '../../faults/open-bucket.ts';

const [endpoint = '', folder = '', state = ''] = process.argv.slice(2);
const bucket = openBucket(new URL(endpoint));
const nixpkgs = { version: v.parse(NixpkgsVersion, '26.05.20260101.abcdef0'), revision: 'abcdef0' };
const channel = v.parse(Channel, 'nixos-26.05');

/** Hashes, remembered as the builder remembers them for store paths. */
async function digestOf(name: string): Promise<FileDigest> {
  const memory = join(state, `${name}.json`);
  const text = await readFile(memory, 'utf8').catch(() => undefined);
  if (text !== undefined) return parseJson(FileDigest, text, memory);
  const digest = await digestFile(join(folder, name));
  await writeFile(memory, JSON.stringify(digest));
  return digest;
}

const uploads = new ReleaseUploads(bucket, channel, silentProgress);
const files: { readonly name: string; readonly path: string; readonly digest: FileDigest }[] = [];
for (const name of (await readdir(folder)).toSorted()) {
  const file = { name, path: join(folder, name), digest: await digestOf(name) };
  uploads.add(file);
  files.push(file);
}
const published = await publish(
  bucket,
  {
    channel,
    blobs: files,
    manifestFor: (number, time) => {
      const version = versionOf(nixpkgs.version, number);
      const images = files.map(({ name, digest: { size, sha256 } }) => {
        const variant = v.parse(Variant, name);
        const identity = { smoke: true, kind: 'kexec', version, arch: 'x86_64', variant, part: 'tarball' } as const;
        const file = { name: fileName(identity), size, sha256, mediaType: mediaTypeOf('tarball') };
        const origin = {
          from: 'nix',
          storePath: '/nix/store/x',
          derivation: '/nix/store/x.drv',
          kernelVersion: '6.12',
        };
        return { kind: 'kexec', arch: 'x86_64', variant, origin, files: { tarball: file } };
      });
      return v.parse(Manifest, { schema: 1, version, channel, smoke: true, published: time, nixpkgs, images });
    },
  },
  { progress: silentProgress, uploads },
);
await promote(bucket, published.manifest);
console.log(`${published.uploadedBlobs} blobs uploaded, ${published.presentBlobs} were there`);
