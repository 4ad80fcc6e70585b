import {
  blobKey,
  CATALOG_KEY,
  Catalog,
  Channel,
  filesOf,
  formatJson,
  Manifest,
  parseJson,
  releaseKey,
  type Sha256,
  sha256Sums,
  type Version,
  Version as VersionSchema,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../digest.ts';
import { Failure } from '../failure.ts';
import { silentProgress } from '../progress/progress.ts';
import { exploreInterleavings, type Process } from '../testing/interleavings.ts';
import { ModelBucket, type ModelStore } from '../testing/model-bucket.ts';
import type { Bucket } from './bucket.ts';
import { changeCatalog } from './catalog-change.ts';
import { collect, LEASE } from './collect.ts';
import type { ReleaseDraft } from './draft.ts';
import { promote } from './promote.ts';
import { publish } from './publish.ts';
import { rollback } from './rollback.ts';

const HOUR = 60 * 60 * 1000;
const GRACE = 24 * HOUR;
const channel = v.parse(Channel, 'nixos-26.05');
const version = (text: string) => v.parse(VersionSchema, text);
const OLDER = version('26.05.20260101.aaaaaaa');
const CURRENT = version('26.05.20260201.bbbbbbb');
const NEXT = version('26.05.20260301.ccccccc');
const LATER = version('26.05.20260401.ddddddd');
const [OLD_BLOB, CURRENT_BLOB, UNUSED_BLOB, NEW_BLOB] = ['old', 'current', 'unused', 'new'].map((text) =>
  sha256Hex(text),
) as [Sha256, Sha256, Sha256, Sha256];
const SIZE = 100;

/** A release of one image whose file is one blob. */
function manifest(of: Version, sha256: Sha256, published = '2026-02-01T00:00:00.000Z'): Manifest {
  const file = {
    name: `smoke-kexec-${of}-x86_64-noninteractive.tar.gz`,
    size: SIZE,
    sha256,
    mediaType: 'application/gzip',
  };
  const origin = {
    from: 'nix',
    storePath: `/nix/store/${of}`,
    derivation: `/nix/store/${of}.drv`,
    kernelVersion: '6.12',
  };
  return v.parse(Manifest, {
    schema: 1,
    version: of,
    channel,
    smoke: true,
    published,
    nixpkgs: { version: of, revision: 'abcdef0' },
    images: [{ kind: 'kexec', arch: 'x86_64', variant: 'noninteractive', origin, files: { tarball: file } }],
  });
}

function draft(of: Version, sha256: Sha256): ReleaseDraft {
  const digest = { size: SIZE, sha256, pieces: [sha256], blake2b: '' };
  return {
    channel,
    blobs: [{ path: '/nowhere', digest }],
    manifestFor: (_, published) => manifest(of, sha256, published),
  };
}

function putRelease(store: ModelStore, { version: of, ...rest }: Manifest): void {
  const whole = { ...rest, version: of };
  store.put(releaseKey(of, 'manifest.json'), formatJson(v.parse(Manifest, whole)));
  store.put(releaseKey(of, 'SHA256SUMS'), sha256Sums(v.parse(Manifest, whole)));
  for (const { file } of rest.images.flatMap(filesOf)) store.put(blobKey(file.sha256), file.sha256, SIZE);
}

const current = manifest(CURRENT, CURRENT_BLOB);
const older = manifest(OLDER, OLD_BLOB, '2026-01-01T00:00:00.000Z');

/** A bucket that is at CURRENT and was at OLDER, with a blob that nothing names; all of it long past the grace period. */
function prepare(store: ModelStore): void {
  const now = store.now;
  store.now = now - 100 * GRACE;
  putRelease(store, older);
  putRelease(store, current);
  store.put(blobKey(UNUSED_BLOB), UNUSED_BLOB, SIZE);
  const catalog: Catalog = v.parse(Catalog, {
    schema: 1,
    generation: 7,
    updated: current.published,
    channels: {
      [channel]: {
        state: { status: 'live' },
        promoted: current.published,
        current,
        former: [{ version: OLDER, published: older.published, promoted: older.published }],
      },
    },
  });
  store.put(CATALOG_KEY, formatJson(catalog));
  store.now = now;
}

/** The promise to readers: whatever the catalog names is whole. */
function wholeCatalog(store: ModelStore): void {
  const text = store.objects.get(CATALOG_KEY)?.text;
  if (text === undefined) throw new Error('the catalog is gone');
  const catalog = parseJson(Catalog, text, CATALOG_KEY);
  for (const entry of Object.values(catalog.channels)) {
    for (const { version: named } of [entry.current, ...entry.former]) {
      const stored = store.objects.get(releaseKey(named, 'manifest.json'));
      if (stored === undefined) throw new Error(`the catalog names ${named}, which has no manifest`);
      if (!store.objects.has(releaseKey(named, 'SHA256SUMS'))) throw new Error(`${named} has no SHA256SUMS`);
      for (const { file } of parseJson(Manifest, stored.text, named).images.flatMap(filesOf)) {
        if (!store.objects.has(blobKey(file.sha256))) throw new Error(`${named} lacks the blob of ${file.name}`);
      }
    }
  }
}

const options = { grace: GRACE, retention: new Map(), pause: 0, monotonic: () => 0 };
const gc: Process = (bucket) => collect(bucket, { ...options, id: 'gc' });
const gcThatForgetsFormer: Process = (bucket) =>
  collect(bucket, { ...options, id: 'gc', retention: new Map([[channel, { releases: 0, days: 1 }]]) });
const publishAndPromote =
  (of: Version, blob: Sha256): Process =>
  async (bucket) => {
    const { manifest: made } = await publish(bucket, draft(of, blob), { progress: silentProgress });
    return promote(bucket, made, { pause: 0 });
  };

/** Every process either did its work or failed with a sentence; nothing else comes out. */
function onlySentences(outcomes: Readonly<Record<string, unknown>>): void {
  for (const outcome of Object.values(outcomes)) {
    if (outcome instanceof Error && !(outcome instanceof Failure)) throw outcome;
  }
}

/** After any of it, an operator who runs publish again has the release. */
async function secondRunSucceeds(store: ModelStore, of: Version, blob: Sha256): Promise<void> {
  store.now += 2 * LEASE;
  const bucket: Bucket = new ModelBucket(store);
  await collect(bucket, { ...options, id: 'later' });
  await publishAndPromote(of, blob)(new ModelBucket(store));
  wholeCatalog(store);
}

describe('a collection and a publish, in every order of their operations', () => {
  it('never leave the catalog naming what is gone, when the publish re-uses a blob that nothing named', async () => {
    const { states, runs } = await exploreInterleavings({
      prepare,
      processes: { gc, publish: publishAndPromote(NEXT, UNUSED_BLOB) },
      invariant: wholeCatalog,
      finally: async (outcomes, store) => {
        onlySentences(outcomes);
        await secondRunSucceeds(store, NEXT, UNUSED_BLOB);
      },
    });
    expect(states).toBeGreaterThan(100);
    expect(runs).toBeGreaterThan(1);
  });

  it('nor when either is killed after any operation', async () => {
    await exploreInterleavings({
      prepare,
      processes: { gc, publish: publishAndPromote(NEXT, UNUSED_BLOB) },
      invariant: wholeCatalog,
      kills: true,
      finally: async (outcomes, store) => {
        onlySentences(outcomes);
        await secondRunSucceeds(store, NEXT, UNUSED_BLOB);
      },
    });
  }, 300_000);

  it('nor when somebody else promotes besides', async () => {
    const next = manifest(NEXT, UNUSED_BLOB, '2026-03-01T00:00:00.000Z');
    const rival = manifest(LATER, NEW_BLOB, '2026-04-01T00:00:00.000Z');
    await exploreInterleavings({
      prepare: (store) => {
        prepare(store);
        putRelease(store, rival);
        // Its manifest is young, its blob is old.
        store.put(releaseKey(NEXT, 'manifest.json'), formatJson(next));
        store.put(releaseKey(NEXT, 'SHA256SUMS'), sha256Sums(next));
      },
      processes: {
        gc,
        one: (bucket) => promote(bucket, next, { pause: 0 }),
        two: (bucket) => promote(bucket, rival, { pause: 0 }),
      },
      invariant: wholeCatalog,
      finally: onlySentences,
    });
  }, 300_000);

  it('nor when a former release is rolled back to while the retention lets it go', async () => {
    await exploreInterleavings({
      prepare,
      processes: { gc: gcThatForgetsFormer, rollback: (bucket) => rollback(bucket, channel, OLDER, { pause: 0 }) },
      invariant: wholeCatalog,
      finally: onlySentences,
    });
  });

  it('nor when an old release that was never promoted is promoted at last', async () => {
    const late = manifest(NEXT, NEW_BLOB, '2026-03-01T00:00:00.000Z');
    await exploreInterleavings({
      prepare: (store) => {
        prepare(store);
        const now = store.now;
        store.now -= 50 * GRACE;
        putRelease(store, late);
        store.now = now;
      },
      processes: { gc, promote: (bucket) => promote(bucket, late, { pause: 0 }) },
      invariant: wholeCatalog,
      finally: onlySentences,
    });
  });

  it('would break without the second look: the model finds a promotion that does not look', async () => {
    const careless: Process = async (bucket) => {
      const { manifest: made } = await publish(bucket, draft(NEXT, UNUSED_BLOB), { progress: silentProgress });
      await changeCatalog(
        bucket,
        (catalog) => {
          const entry = catalog.channels[channel];
          if (entry === undefined) throw new Error('the channel is gone');
          return { catalog: { ...catalog, channels: { [channel]: { ...entry, current: made } } }, result: undefined };
        },
        { pause: 0 },
      );
    };
    const exploration = exploreInterleavings({
      prepare,
      processes: { gc, publish: careless },
      invariant: wholeCatalog,
    });
    await expect(exploration).rejects.toThrow(/lacks the blob/);
  });
});
