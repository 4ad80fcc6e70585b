import { isDeepStrictEqual } from 'node:util';
import {
  formatJson,
  GithubTag,
  type Manifest,
  Mirror,
  parseJson,
  releaseKey,
  type Time,
  timeOf,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { Failure } from '../failure.ts';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Progress } from '../progress/progress.ts';
import { persist } from '../retry.ts';
import type { Bucket } from '../store/bucket.ts';
import { changeCatalog } from '../store/catalog-change.ts';
import { openBlob } from '../store/read-blob.ts';
import { type LeftOut, type MirrorAsset, mirrorAssets } from './mirror-assets.ts';
import type { GithubAsset, GithubRelease } from './release-objects.ts';
import { type GithubReleases, GithubUnavailable } from './releases.ts';
import { nextStep } from './replacement.ts';

export interface MirrorOptions {
  readonly releases: GithubReleases;
  readonly bucket: Bucket;
  readonly progress: Progress;
  /** Also replace the assets under the tag that is named like the channel, as today's releases have it. */
  readonly rolling: boolean;
  /** Whether GitHub's "latest" release is to be this one. */
  readonly latest: boolean;
}

/** What came of mirroring. */
export interface Mirrored {
  readonly mirror: Mirror;
  readonly rollingTag: GithubTag | undefined;
  readonly uploadedAssets: number;
  readonly uploadedBytes: number;
  readonly leftOut: readonly LeftOut[];
}

/**
 * Copies a release of the bucket to GitHub: under a tag of its own, which appears when it is complete and never changes;
 * then its record into the bucket; then, if wished, under the channel's rolling tag (docs/operate/github.md). Stopped
 * anywhere, it goes on when it is run again.
 */
export async function mirrorRelease(manifest: Manifest, options: MirrorOptions): Promise<Mirrored> {
  const { releases, bucket } = options;
  const tag = v.parse(GithubTag, manifest.version);
  const base = `${releases.access.webUrl}/${releases.repository}/releases/download/${tag}`;
  const { assets, leftOut } = mirrorAssets(manifest, base);
  const task = options.progress.begin(`mirror ${manifest.version}`);
  const copy = new Copy(manifest, assets, options, task.detail);
  try {
    await copy.bring(tag, options.latest);
    const mirror = mirrorRecord(manifest, releases, { tag, assets, base, mirrored: timeOf(await bucket.now()) });
    await recordMirror(bucket, mirror);
    await announceMirror(bucket, manifest, mirror);
    const rollingTag = options.rolling ? v.parse(GithubTag, manifest.channel) : undefined;
    if (rollingTag !== undefined) await copy.bring(rollingTag, false);
    task.end(`${formatCount(copy.uploadedAssets, 'asset')} uploaded (${formatBytes(copy.uploadedBytes)})`);
    const { uploadedAssets, uploadedBytes } = copy;
    return { mirror, rollingTag, uploadedAssets, uploadedBytes, leftOut };
  } catch (error) {
    task.drop();
    throw error;
  }
}

/** More steps than any release needs; beyond it something else works against us. */
const MOST_STEPS = 1000;

/** One release of the bucket on its way to GitHub. */
class Copy {
  uploadedAssets = 0;
  uploadedBytes = 0;
  /** How often each asset was uploaded, by tag and name. */
  readonly #uploads = new Map<string, number>();
  readonly #manifest: Manifest;
  readonly #wanted: readonly MirrorAsset[];
  readonly #options: MirrorOptions;
  readonly #say: (text: string) => void;

  constructor(manifest: Manifest, wanted: readonly MirrorAsset[], options: MirrorOptions, say: (text: string) => void) {
    this.#manifest = manifest;
    this.#wanted = wanted;
    this.#options = options;
    this.#say = say;
  }

  /**
   * Takes one step after the other, each decided by what GitHub has at that moment, until the public release of a tag is
   * as wanted. A step that failed for a passing reason is no more than a reason to look again.
   */
  async bring(tag: GithubTag, latest: boolean): Promise<void> {
    const { releases } = this.#options;
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const more = await persist(releases.patience, releases.signal, async () => {
        try {
          return { done: await this.#step(tag, latest) };
        } catch (error) {
          if (!(error instanceof GithubUnavailable)) throw error;
          this.#say(`${error.message} Trying again`);
          return { failure: error };
        }
      });
      if (!more) return;
    }
    throw new Failure(`The release ${tag} in ${releases.repository} changes while it is mirrored.`, {
      remedy: 'See that nothing else writes to it, then run the same command again.',
    });
  }

  /** False when nothing is left to do. */
  async #step(tag: GithubTag, latest: boolean): Promise<boolean> {
    const { releases } = this.#options;
    const known = (await releases.list()).filter((release) => release.tag === tag);
    const release = known.find(({ draft }) => !draft) ?? known.at(-1);
    if (release === undefined) {
      await releases.create({ tag_name: tag, ...this.#description(tag), draft: true });
      return true;
    }
    const present = await releases.assets(release);
    if (!release.draft) return this.#replaceIn(release, present);
    return this.#fill(release, present, latest);
  }

  /** Nobody sees a draft: assets may come and go in it, and it is published when it is complete. */
  async #fill(release: GithubRelease, present: readonly GithubAsset[], latest: boolean): Promise<boolean> {
    const { releases } = this.#options;
    for (const wanted of this.#wanted) {
      const asset = present.find(({ name }) => name === wanted.name);
      if (asset !== undefined) requireDigest(asset);
      if (asset?.complete && asset.sha256 === wanted.sha256) continue;
      if (asset === undefined) await this.#upload(release, wanted, wanted.name);
      else await releases.remove(asset);
      return true;
    }
    const make_latest = latest ? 'true' : 'false';
    await releases.update(release, { ...this.#description(release.tag), draft: false, make_latest });
    return true;
  }

  async #replaceIn(release: GithubRelease, present: readonly GithubAsset[]): Promise<boolean> {
    const { releases } = this.#options;
    for (const asset of present) if (this.#uploads.has(`${release.tag}/${asset.name}`)) requireDigest(asset);
    const next = nextStep(present, this.#wanted);
    switch (next?.step) {
      case 'upload':
        await this.#upload(release, next.wanted, next.name);
        return true;
      case 'remove':
        await releases.remove(next.asset);
        return true;
      case 'rename':
        await releases.rename(next.asset, next.name);
        return true;
      case 'swap': {
        // Whoever wants to stop now has to wait until the name has an asset again.
        const unhurried = releases.unhurried();
        await unhurried.rename(next.former, next.aside);
        await unhurried.rename(next.replacement, next.former.name);
        return true;
      }
      case undefined: {
        const wanted = this.#description(release.tag);
        if (release.name === wanted.name && release.body === wanted.body) return false;
        await releases.update(release, wanted);
        return true;
      }
    }
  }

  async #upload(release: GithubRelease, wanted: MirrorAsset, name: string): Promise<void> {
    const { bucket, releases } = this.#options;
    const asset = `${release.tag}/${name}`;
    const times = (this.#uploads.get(asset) ?? 0) + 1;
    if (times > releases.patience.attempts) {
      throw new Failure(`${wanted.name} does not arrive at GitHub as it was sent.`, {
        remedy: 'Check the blob with nixos-images verify --deep, then run the same command again.',
      });
    }
    this.#uploads.set(asset, times);
    this.#say(`uploading ${wanted.name} to ${release.tag} (${formatBytes(wanted.size)})`);
    const open = async (): Promise<AsyncIterable<Uint8Array>> => {
      if (wanted.from === 'text') return inOnePiece(wanted.text);
      return openBlob(bucket, wanted.file);
    };
    await releases.upload(release, name, { size: wanted.size, open });
    this.uploadedAssets += 1;
    this.uploadedBytes += wanted.size;
  }

  #description(tag: string): { readonly name: string; readonly body: string } {
    const { version, channel, smoke, nixpkgs } = this.#manifest;
    const what = smoke ? 'SMOKE TEST images, no NixOS' : 'NixOS installer images';
    const sums = this.#wanted.map(({ sha256, name }) => `${sha256}  ${name}`);
    return {
      name: `${smoke ? 'SMOKE ' : ''}${tag === version ? version : `${channel} (${version})`}`,
      body: [
        `${what} of ${channel}, version ${version}${nixpkgs === undefined ? '' : `, nixpkgs ${nixpkgs.revision}`}.`,
        '',
        '```',
        ...sums,
        '```',
        '',
      ].join('\n'),
    };
  }
}

/** Without GitHub's own digest a copy that arrived damaged would pass for a good one. */
function requireDigest({ name, complete, sha256 }: GithubAsset): void {
  if (!complete || sha256 !== undefined) return;
  throw new Failure(`GitHub gives no digest of ${name}, so the copy cannot be checked.`, {
    remedy: 'Try again later; if it stays so, switch the mirror off in the config.',
  });
}

async function* inOnePiece(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

/** A complete copy, and when it was found complete. */
interface MirrorCopy {
  readonly tag: GithubTag;
  readonly assets: readonly MirrorAsset[];
  readonly base: string;
  readonly mirrored: Time;
}

function mirrorRecord(
  manifest: Manifest,
  { repository }: GithubReleases,
  { tag, assets, base, mirrored }: MirrorCopy,
): Mirror {
  const files = assets.flatMap((asset) => {
    if (asset.from === 'text') return [];
    const { name, size, sha256 } = asset.file;
    return [{ name, url: `${base}/${asset.name}`, size, sha256 }];
  });
  return { schema: 1, version: manifest.version, repository, tag, mirrored, files };
}

/** Writes the record unless it stands there already. */
async function recordMirror(bucket: Bucket, mirror: Mirror): Promise<void> {
  const key = releaseKey(mirror.version, 'mirror.json');
  const existing = await bucket.read(key);
  if (existing !== undefined) {
    const { mirrored } = parseJson(Mirror, existing.text, key);
    if (existing.text === formatJson({ ...mirror, mirrored })) return;
  }
  // It changes when the mirror moves to another repository, which an edge may learn a little late.
  await bucket.write(key, formatJson(mirror), {
    contentType: 'application/json',
    cacheControl: 'public, max-age=300',
    condition: existing === undefined ? { ifAbsent: true } : { ifMatch: existing.etag },
  });
}

/** Puts the record into the catalog, where an edge has it before its bucket fails. */
async function announceMirror(bucket: Bucket, { channel, version }: Manifest, mirror: Mirror): Promise<void> {
  await changeCatalog(bucket, (catalog) => {
    const entry = catalog.channels[channel];
    if (entry?.current.version !== version) return { result: undefined };
    // A later run of the same mirror has nothing to say but another time.
    if (isDeepStrictEqual({ ...entry.mirror, mirrored: '' }, { ...mirror, mirrored: '' })) return { result: undefined };
    const channels = { ...catalog.channels, [channel]: { ...entry, mirror } };
    return { catalog: { ...catalog, channels }, result: undefined };
  });
}
