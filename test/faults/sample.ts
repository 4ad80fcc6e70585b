import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Channel,
  fileName,
  Manifest,
  mediaTypeOf,
  NixpkgsVersion,
  type Sha256,
  Variant,
  Version,
  versionOf,
} from '@nixos-images/shared';
import { generateKey, parseSigningKey, type SigningKey } from 'nixos-images/sign';
import {
  attachSignatures,
  type Bucket,
  digestFile,
  type FileDigest,
  PIECE,
  type Promotion,
  type Published,
  promote,
  publish,
  type ReleaseDraft,
  silentProgress,
} from 'nixos-images/store';
import * as v from 'valibot';

export const CHANNEL = v.parse(Channel, 'nixos-26.05');

/** A release of made-up files: a kexec tarball, a kernel that all samples share, an initrd of two parts. */
export interface Sample {
  readonly version: Version;
  readonly draft: ReleaseDraft;
}

interface SampleFile {
  readonly path: string;
  readonly digest: FileDigest;
}

// Made anew with every run of the tests; children of one run get it by the environment.
const KEY = 'FAULTS_SIGNING_KEY';
process.env[KEY] ??= generateKey().secret;

/** The key that samples are signed with. */
export function sampleKey(): SigningKey {
  return parseSigningKey(process.env[KEY] ?? '');
}

/** Files that this process made: the matrix needs the same ones hundreds of times. */
const made = new Map<string, SampleFile>();

/** Bytes that depend on the seed only. */
function bytesOf(seed: string, size: number): Buffer {
  const block = createHash('sha512').update(seed).digest();
  return Buffer.alloc(size, block);
}

export interface SampleOptions {
  /** Of the version, eight digits. */
  readonly date: string;
  /** Decides the bytes; default: the date. */
  readonly seed?: string;
  /** Bytes; default: enough for two parts. */
  readonly initrdSize?: number;
}

/** Makes the files of a sample release in a folder. The same options give the same release. */
export async function makeSample(
  folder: string,
  { date, seed = date, initrdSize = PIECE + 4096 }: SampleOptions,
): Promise<Sample> {
  const file = async (name: string, of: string, size: number): Promise<SampleFile> => {
    const path = join(folder, `${name}-${of}`);
    const known = made.get(path);
    if (known?.digest.size === size) return known;
    await writeFile(path, bytesOf(`${name} ${of}`, size));
    const file = { path, digest: await digestFile(path) };
    made.set(path, file);
    return file;
  };
  const nixpkgs = { version: v.parse(NixpkgsVersion, `26.05.${date}.abcdef0`), revision: 'abcdef0' };
  const tarball = await file('tarball', seed, 65_536);
  const kernel = await file('kernel', 'shared', 65_536);
  const initrd = await file('initrd', seed, initrdSize);
  const manifestFor = (number: number, published: string): Manifest =>
    manifestOf({ nixpkgs, number, published, tarball, kernel, initrd });
  return {
    version: versionOf(nixpkgs.version, 1),
    draft: { channel: CHANNEL, blobs: [tarball, kernel, initrd], manifestFor },
  };
}

interface Parts {
  readonly nixpkgs: { readonly version: NixpkgsVersion; readonly revision: string };
  readonly number: number;
  readonly published: string;
  readonly tarball: SampleFile;
  readonly kernel: SampleFile;
  readonly initrd: SampleFile;
}

function manifestOf({ nixpkgs, number, published, tarball, kernel, initrd }: Parts): Manifest {
  const version = versionOf(nixpkgs.version, number);
  const described = (kind: 'kexec' | 'netboot', role: 'tarball' | 'kernel' | 'initrd', { digest }: SampleFile) => {
    const variant = v.parse(Variant, kind === 'kexec' ? 'noninteractive' : 'interactive');
    const name = fileName({ smoke: true, kind, version, arch: 'x86_64', variant, part: role });
    return { name, size: digest.size, sha256: digest.sha256, mediaType: mediaTypeOf(role) };
  };
  const origin = {
    from: 'nix',
    storePath: `/nix/store/${version}`,
    derivation: `/nix/store/${version}.drv`,
    kernelVersion: '6.12',
  };
  const common = { arch: 'x86_64', origin };
  return v.parse(Manifest, {
    schema: 1,
    version,
    channel: CHANNEL,
    smoke: true,
    published,
    nixpkgs,
    images: [
      {
        ...common,
        kind: 'kexec',
        variant: 'noninteractive',
        files: { tarball: described('kexec', 'tarball', tarball) },
      },
      {
        ...common,
        kind: 'netboot',
        variant: 'interactive',
        files: { kernel: described('netboot', 'kernel', kernel), initrd: described('netboot', 'initrd', initrd) },
        init: '/init',
        kernelParams: ['console=ttyS0'],
      },
    ],
  });
}

/** Publishes a sample with its signatures; moves no channel. */
export function publishSample(bucket: Bucket, { draft }: Sample): Promise<Published> {
  const known = new Map<Sha256, string>(draft.blobs.map(({ digest }) => [digest.sha256, digest.blake2b]));
  return publish(bucket, draft, { progress: silentProgress, attach: attachSignatures(sampleKey(), known) });
}

/** What a release run does with a bucket: publish, then promote. */
export async function release(bucket: Bucket, sample: Sample): Promise<{ published: Published; promotion: Promotion }> {
  const published = await publishSample(bucket, sample);
  return { published, promotion: await promote(bucket, published.manifest, { pause: 50 }) };
}

/** The version of the sample of a date. */
export function sampleVersion(date: string): Version {
  return v.parse(Version, `26.05.${date}.abcdef0`);
}
