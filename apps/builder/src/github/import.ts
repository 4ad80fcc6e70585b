import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  blobKey,
  type Channel,
  type File,
  fileName,
  GithubTag,
  type Image,
  type Manifest,
  mediaTypeOf,
  NixpkgsVersion,
  type Role,
  type Sha256,
  type Version,
  versionOf,
} from '@nixos-images/shared';
import pLimit from 'p-limit';
import * as v from 'valibot';
import type { FileDigest } from '../digest.ts';
import { EXIT, Failure } from '../failure.ts';
import { formatBytes } from '../progress/format.ts';
import type { Progress } from '../progress/progress.ts';
import type { Bucket } from '../store/bucket.ts';
import type { ReleaseDraft } from '../store/draft.ts';
import { type Attach, type Published, publish } from '../store/publish.ts';
import { downloadAsset } from './download.ts';
import { channelOfTag, type Family, type FamilyImage, familyOf, importedRevision, seriesOf } from './family.ts';
import { type NetbootScript, parseNetbootScript } from './netboot-script.ts';
import type { GithubAsset, GithubRelease } from './release-objects.ts';
import type { GithubReleases } from './releases.ts';

export interface ImportOptions {
  readonly releases: GithubReleases;
  readonly bucket: Bucket;
  readonly progress: Progress;
  /** Where downloads are kept until they are in the bucket. */
  readonly folder: string;
  /** Of the release; absent when its tag is the channel's name. */
  readonly channel?: Channel | undefined;
  /** Such as `26.11`; absent when the release tells. */
  readonly series?: string | undefined;
  /** Signs what was taken over. */
  readonly attach?: Attach | undefined;
  /** The images are no NixOS: tests only. */
  readonly smoke: boolean;
  readonly dryRun: boolean;
}

/** What an import takes over, and whether it did. */
export interface Imported {
  readonly tag: string;
  readonly channel: Channel;
  readonly version: Version;
  readonly images: Manifest['images'][number]['kind'][];
  /** Bytes of all files. */
  readonly bytes: number;
  readonly downloadedBytes: number;
  /** Assets that GitHub has no digest of; only their sizes could be checked. */
  readonly withoutDigest: readonly string[];
  readonly leftOut: Family['leftOut'];
  /** Absent after a dry run. */
  readonly published: Published | undefined;
}

/** Downloads at the same time: enough to fill a line, few enough to be polite. */
const DOWNLOADS = 3;

/** An iPXE script is a few hundred bytes; anything near this is none. */
const LARGEST_SCRIPT = 64 * 1024;

/**
 * Takes a release of today's form over into the bucket: same files, their digests held against GitHub's, the kernel's
 * parameters from the netboot scripts. It moves no channel. Stopped anywhere, it goes on when it is run again.
 * @throws Failure when the release is not of the family, or is being replaced just now.
 */
export async function importRelease(release: GithubRelease, options: ImportOptions): Promise<Imported> {
  const { releases, progress, bucket } = options;
  const channel = options.channel ?? channelOfTag(release.tag);
  if (channel === undefined) {
    throw new Failure(`The tag ${release.tag} names no channel.`, {
      remedy: 'Say which it belongs to: --channel nixos-26.05.',
      exitCode: EXIT.usage,
    });
  }
  const assets = await releases.assets(release);
  const family = familyOf(assets);
  requireFamily(family, assets, release);
  const folder = join(options.folder, `${release.id}`);
  await mkdir(folder, { recursive: true });
  const scripts = await readScripts(family, releases, folder);
  const usable = family.images.filter((image) => image.script === undefined || scripts.read.has(image));
  const taken = usable.flatMap(({ files, script }) => [
    ...files.map(({ asset }) => asset),
    ...(script ? [script] : []),
  ]);
  const version = importedVersion(channel, [...scripts.read.values()], taken, options.series);
  const files = usable.flatMap((image) => image.files.map(({ asset }) => asset));
  const summary = {
    tag: release.tag,
    channel,
    images: usable.map(({ kind }) => kind),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    withoutDigest: taken.filter(({ sha256 }) => sha256 === undefined).map(({ name }) => name),
    leftOut: [...family.leftOut, ...scripts.unreadable],
  };
  const dry = { ...summary, version: versionOf(version, 1), downloadedBytes: 0, published: undefined };
  if (options.dryRun) return dry;

  const fetched = await fetchFiles(files, folder, options);
  await requireUnchanged(release, assets, releases);
  const draft: ReleaseDraft = {
    channel,
    blobs: fetched.flatMap(({ blob }) => (blob === undefined ? [] : [blob])),
    manifestFor: (number, published) => {
      const identity = { smoke: options.smoke, version: versionOf(version, number) };
      const images = usable.map((image) =>
        importedImage(image, identity, fetched, scripts.read.get(image), options, release),
      );
      return { schema: 1, ...identity, channel, published, images };
    },
  };
  const published = await publish(bucket, draft, { progress, ...(options.attach && { attach: options.attach }) });
  await rm(folder, { recursive: true, force: true });
  const downloadedBytes = fetched.reduce((sum, { blob }) => sum + (blob?.digest.size ?? 0), 0);
  return { ...summary, version: published.manifest.version, downloadedBytes, published };
}

function requireFamily(family: Family, assets: readonly GithubAsset[], { tag }: GithubRelease): void {
  const broken = assets.find(({ name, complete }) => !complete && !family.foreign.includes(name));
  if (broken !== undefined) {
    throw new Failure(`${broken.name} of ${tag} is not complete: the release is being replaced just now.`, {
      remedy: 'Run the same command again in a few minutes.',
    });
  }
  if (family.images.length > 0) return;
  const has = family.foreign.length === 0 ? 'no assets' : `other assets: ${family.foreign.slice(0, 5).join(', ')}`;
  throw new Failure(`The release ${tag} has none of the images that can be imported; it has ${has}.`, {
    remedy: 'Import a release with assets such as nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz.',
  });
}

/** Reads the netboot scripts; an image whose script nobody can read is left out. */
async function readScripts({ images }: Family, releases: GithubReleases, folder: string) {
  const read = new Map<FamilyImage, NetbootScript>();
  const unreadable: { name: string; reason: string }[] = [];
  for (const image of images) {
    const { script } = image;
    if (script === undefined) continue;
    const parsed = script.size > LARGEST_SCRIPT ? 'it is too long' : await readScript(script, releases, folder);
    if (typeof parsed !== 'string') read.set(image, parsed);
    else unreadable.push({ name: script.name, reason: `${parsed}, so netboot ${image.arch} cannot be taken over` });
  }
  return { read, unreadable };
}

async function readScript(
  script: GithubAsset,
  releases: GithubReleases,
  folder: string,
): Promise<NetbootScript | string> {
  const path = fileFor(folder, script);
  await downloadAsset(releases, script, path, { advance: () => {} });
  return parseNetbootScript(await readFile(path, 'utf8'));
}

function importedVersion(
  channel: Channel,
  scripts: readonly NetbootScript[],
  taken: readonly GithubAsset[],
  givenSeries: string | undefined,
): NixpkgsVersion {
  const inits = scripts.map(({ init }) => init);
  const series = givenSeries ?? seriesOf(channel, inits);
  const version = v.safeParse(NixpkgsVersion, `${series}.${importedRevision(taken)}`);
  if (version.success) return version.output;
  throw new Failure(`No netboot script of this release says which series ${channel} was at.`, {
    remedy: 'Say it: --series 26.11.',
    exitCode: EXIT.usage,
  });
}

interface FetchedFile {
  readonly asset: GithubAsset;
  readonly sha256: Sha256;
  /** Absent when the bucket has the blob already. */
  readonly blob: { readonly path: string; readonly digest: FileDigest } | undefined;
}

async function fetchFiles(
  files: readonly GithubAsset[],
  folder: string,
  { bucket, releases, progress }: ImportOptions,
): Promise<FetchedFile[]> {
  const limit = pLimit(DOWNLOADS);
  const results = await Promise.allSettled(
    files.map((asset) =>
      limit(async (): Promise<FetchedFile> => {
        const { sha256, name, size } = asset;
        if (sha256 !== undefined && (await bucket.stat(blobKey(sha256)))?.size === size) {
          progress.note(`${name}: the bucket has it`);
          return { asset, sha256, blob: undefined };
        }
        const task = progress.begin(`download ${name}`, size);
        try {
          const path = fileFor(folder, asset);
          const digest = await downloadAsset(releases, asset, path, task);
          task.end(formatBytes(size));
          return { asset, sha256: digest.sha256, blob: { path, digest } };
        } finally {
          task.drop();
        }
      }),
    ),
  );
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** The id belongs to the bytes: an asset that is replaced gets another. */
function fileFor(folder: string, { id }: GithubAsset): string {
  return join(folder, `${id}`);
}

/** Today's releases are replaced asset by asset: what was read at the start and the end must be the same. */
async function requireUnchanged(
  release: GithubRelease,
  before: readonly GithubAsset[],
  releases: GithubReleases,
): Promise<void> {
  const identity = (assets: readonly GithubAsset[]) =>
    assets
      .map(({ id, name, sha256 }) => `${name} ${id} ${sha256}`)
      .toSorted()
      .join('\n');
  if (identity(await releases.assets(release)) === identity(before)) return;
  throw new Failure(`The assets of ${release.tag} were replaced while they were downloaded.`, {
    remedy: 'Run the same command again; what is still the same is not downloaded twice.',
  });
}

function importedImage(
  { kind, arch, variant, files }: FamilyImage,
  identity: { readonly smoke: boolean; readonly version: Version },
  fetched: readonly FetchedFile[],
  script: NetbootScript | undefined,
  { releases }: ImportOptions,
  { tag }: GithubRelease,
): Image {
  const origin = { from: 'github' as const, repository: releases.repository, tag: v.parse(GithubTag, tag) };
  const file = (role: Role): File => {
    const asset = files.find((one) => one.role === role)?.asset;
    const found = fetched.find((one) => one.asset === asset);
    if (found === undefined) throw new Failure(`The ${role} of ${kind} ${arch} is missing.`);
    const name = fileName({ ...identity, kind, arch, variant, part: role });
    return { name, size: found.asset.size, sha256: found.sha256, mediaType: mediaTypeOf(role) };
  };
  switch (kind) {
    case 'kexec':
      return { kind, arch, variant, origin, files: { tarball: file('tarball') } };
    case 'iso':
      return { kind, arch, variant, origin, files: { iso: file('iso') } };
    case 'netboot': {
      if (script === undefined) throw new Failure(`The script of netboot ${arch} is missing.`);
      const { init, kernelParams } = script;
      const both = { kernel: file('kernel'), initrd: file('initrd') };
      return { kind, arch, variant, origin, files: both, init, kernelParams: [...kernelParams] };
    }
  }
}
