import { createHash } from 'node:crypto';
import { Channel, type Manifest, Mirror, parseJson, releaseKey } from '@nixos-images/shared';
import { GithubReleases, mirrorRelease, type Patience, parseNetbootScript } from 'nixos-images/github';
import { readCatalog, silentProgress } from 'nixos-images/store';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from './local-github/faults.ts';
import { addRelease, INIT, type Stage, setStage, todaysAssets, UNTRIED } from './stage.ts';

const CHANNEL = v.parse(Channel, 'nixos-unstable');
const HURRIED: Patience = { attempts: 3, firstPause: 1, longestPause: 4, longestWait: 5 };
/** Gives up at once: where it stops is where the fault was. */
const ONE_TRY: Patience = { attempts: 1, firstPause: 1, longestPause: 1, longestWait: 5 };

let stage: Stage;
let former: Manifest;
let newer: Manifest;

/** A few assets of each sort are enough: every request more is one more stop. */
function assetsOf(seed: string): ReadonlyMap<string, Buffer> {
  return new Map([...todaysAssets(seed)].filter(([name]) => !/aarch64|iso$/.test(name)));
}

/** Imports a release, so that the bucket has something to mirror. */
async function publish(seed: string): Promise<Manifest> {
  stage.source.releases = [];
  addRelease(stage.source, CHANNEL, assetsOf(seed));
  const imported = await stage.run('import', 'github:nix-community/nixos-images', '--all', '--promote', ...UNTRIED);
  expect(imported).toMatchObject({ code: 0 });
  const current = (await readCatalog(stage.bucket))?.catalog.channels[CHANNEL]?.current;
  if (current === undefined) throw new Error('nothing was imported');
  return current;
}

beforeAll(async () => {
  stage = await setStage();
  former = await publish('former');
  newer = await publish('newer');
});
afterAll(() => stage.stop());
afterEach(async () => {
  stage.github.faults.clear();
  stage.target.releases = [];
  for (const { version } of [former, newer]) await stage.bucket.remove(releaseKey(version, 'mirror.json'));
  expect(stage.github.differences).toEqual([]);
});

function mirror(manifest: Manifest, patience = HURRIED, token = 'writer', signal = new AbortController().signal) {
  const access = { apiUrl: stage.github.apiUrl, webUrl: stage.github.url, token };
  const { bucket, target } = stage;
  const repository = v.parse(Mirror.entries.repository, target.fullName);
  const releases = new GithubReleases(repository, { access, progress: silentProgress, signal, patience });
  return mirrorRelease(manifest, { releases, bucket, progress: silentProgress, rolling: true, latest: true });
}

/** What everybody can download under a tag: name and first word of the bytes. */
function served(tag: string): Map<string, string> {
  const assets = stage.target.published(tag)?.assets.filter(({ state }) => state === 'uploaded') ?? [];
  return new Map(assets.map(({ name, bytes }) => [name, bytes.toString().split(' ')[0] ?? '']));
}

const FILES = [...assetsOf('').keys()].filter((name) => !name.endsWith('.ipxe'));

describe('the mirror', () => {
  it("has a release under today's names, with scripts that point to its own files", async () => {
    const done = await mirror(newer);
    expect(done).toMatchObject({ rollingTag: 'nixos-unstable', leftOut: [], uploadedAssets: 8 });
    for (const tag of [newer.version, 'nixos-unstable']) {
      expect([...served(tag).keys()].toSorted()).toEqual([...FILES, 'netboot-x86_64-linux.ipxe'].toSorted());
    }
    const web = `${stage.github.url}/operator/images/releases`;
    const script = await (await fetch(`${web}/latest/download/netboot-x86_64-linux.ipxe`)).text();
    expect(script).toContain(`${web}/download/${newer.version}/bzImage-x86_64-linux init=${INIT}`);
    expect(parseNetbootScript(script)).toEqual({ init: INIT, kernelParams: ['nohibernate', 'loglevel=4'] });
  });

  it('is recorded beside the manifest, with addresses that lead to the very bytes', async () => {
    await mirror(newer);
    const text = (await stage.bucket.read(releaseKey(newer.version, 'mirror.json')))?.text ?? '';
    const { files } = parseJson(Mirror, text, 'mirror.json');
    expect(files).toHaveLength(FILES.length);
    for (const { url, sha256, size } of files) {
      const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
      expect(bytes.length).toBe(size);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
  });

  it('stands in the catalog, so that an edge can send people there when its bucket lost a file', async () => {
    const { mirror: record } = await mirror(newer);
    const [file] = record.files;
    if (file === undefined) throw new Error('nothing is mirrored');
    const address = `${stage.localEdge.url}/releases/${newer.version}/${file.name}`;
    const lost = (await stage.bucket.read(`blobs/sha256/${file.sha256}`))?.text ?? '';
    await stage.bucket.remove(`blobs/sha256/${file.sha256}`);
    // Until the edge has read the catalog anew.
    await expect.poll(async () => (await fetch(address)).url, { timeout: 30_000 }).toContain('/signed/');
    expect(await (await fetch(address)).text()).toBe(lost);
    // iPXE is sent nowhere, and gets no script where it asked for a file.
    const ipxe = await fetch(address, { headers: { 'user-agent': 'iPXE/1.0' }, redirect: 'manual' });
    expect(ipxe.status).toBe(502);
    expect(await ipxe.text()).not.toContain('#!ipxe');
    const customised = `${stage.localEdge.url}/with/cmdline:${Buffer.from('quiet').toString('base64url')}/kexec@${newer.version}/x86_64.tar.gz`;
    expect((await fetch(customised, { redirect: 'manual' })).status).toBe(502);
    await stage.bucket.write(`blobs/sha256/${file.sha256}`, lost, {
      contentType: 'application/octet-stream',
      cacheControl: '',
    });
  });

  it('uploads nothing twice and changes nothing when it is there already', async () => {
    await mirror(newer);
    const before = stage.github.operations.length;
    expect(await mirror(newer)).toMatchObject({ uploadedAssets: 0 });
    const since = stage.github.operations.slice(before);
    expect(since.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('takes the newer release to the rolling tag and leaves the former under its own', async () => {
    await mirror(former);
    await mirror(newer);
    expect(new Set(FILES.map((name) => served('nixos-unstable').get(name)))).toEqual(new Set(['newer']));
    expect(new Set(FILES.map((name) => served(former.version).get(name)))).toEqual(new Set(['former']));
    expect(served('nixos-unstable').size).toBe(FILES.length + 1);
  });

  it.each<Fault>([
    { kind: 'upload-breaks' },
    { kind: 'upload-sticks' },
    { kind: 'secondary-rate-limit', retryAfter: 1 },
    { kind: 'server-error', status: 502 },
    { kind: 'cut' },
    { kind: 'cut-after' },
  ])('overcomes %j in the middle of an upload', async (fault) => {
    stage.github.faults.plan(fault, ({ method, path }) => method === 'POST' && path.startsWith('/uploads/'), 2);
    await mirror(newer);
    expect(served(newer.version).size).toBe(FILES.length + 1);
    expect(stage.target.releases.flatMap(({ assets }) => assets).filter(({ state }) => state !== 'uploaded')).toEqual(
      [],
    );
  });

  it.each([
    ['a token that may only read', 'reader', /The token may not do that in operator\/images\./],
    ['a token that nobody knows', 'stranger', /GitHub does not know the token in GITHUB_TOKEN/],
  ])('says what is wrong with %s, and changes nothing', async (_, token, sentence) => {
    await expect(mirror(newer, HURRIED, token)).rejects.toThrow(sentence);
    expect(stage.target.releases).toEqual([]);
    expect(await stage.bucket.read(releaseKey(newer.version, 'mirror.json'))).toBeUndefined();
  });

  it('closes the gap between two renames even when it is interrupted there', async () => {
    await mirror(former);
    const ending = new AbortController();
    const isRename = ({ method, path }: { method: string; path: string }) =>
      method === 'PATCH' && path.includes('/assets/');
    const rename = stage.target.renameAsset.bind(stage.target);
    stage.target.renameAsset = (id, name) => {
      if (name.startsWith('retired.')) ending.abort();
      return rename(id, name);
    };
    await expect(mirror(newer, HURRIED, 'writer', ending.signal)).rejects.toThrow();
    stage.target.renameAsset = rename;
    expect(stage.github.operations.filter(isRename).length).toBeGreaterThan(1);
    for (const name of FILES) expect(served('nixos-unstable').has(name), name).toBe(true);
  });
});

/** Mirrors `newer` over `former` with GitHub gone for good from the `stop`th request on. */
async function stopAt(stop: number, kind: 'cut' | 'cut-after'): Promise<boolean> {
  const first = stage.github.operations.length + 1;
  stage.github.faults.plan({ kind }, ({ number }) => number === first + stop, 1);
  stage.github.faults.plan({ kind: 'cut' }, ({ number }) => number > first + stop, Number.POSITIVE_INFINITY);
  const stopped = await mirror(newer, ONE_TRY).then(
    () => false,
    () => true,
  );
  stage.github.faults.clear();
  return stopped;
}

describe.each(['cut', 'cut-after'] as const)('stopped at any request (%s)', (kind) => {
  it('leaves everything downloadable, old or new, and ends well when it is run again', async () => {
    let gaps = 0;
    let stops = 0;
    await mirror(former);
    const before = stage.target.releases;
    for (; ; stops += 1) {
      stage.target.releases = before.map((release) => ({
        ...release,
        assets: release.assets.map((asset) => ({ ...asset })),
      }));
      await stage.bucket.remove(releaseKey(newer.version, 'mirror.json'));
      if (!(await stopAt(stops, kind))) break;

      // A release of its own appears when it is complete, and its record after that.
      const pinned = served(newer.version);
      if (pinned.size > 0) expect(pinned.size, `stop ${stops}`).toBe(FILES.length + 1);
      const record = await stage.bucket.read(releaseKey(newer.version, 'mirror.json'));
      if (record !== undefined) expect(pinned.size, `stop ${stops}`).toBe(FILES.length + 1);
      // Under the rolling tag each name has the old or the new file; between two renames one may be aside.
      const rolling = served('nixos-unstable');
      const missing = FILES.filter((name) => !['former', 'newer'].includes(rolling.get(name) ?? ''));
      const aside = missing.filter((name) => rolling.has(`retired.${name}`));
      expect(missing, `stop ${stops}`).toEqual(aside);
      expect(missing.length, `stop ${stops}`).toBeLessThanOrEqual(1);
      gaps += missing.length;

      // The next run brings back what is missing before it does anything else.
      const count = stage.github.operations.length;
      await mirror(newer);
      const writes = stage.github.operations.slice(count).filter(({ method }) => method !== 'GET');
      if (missing.length > 0) expect(writes[0], `stop ${stops}`).toMatchObject({ method: 'PATCH' });
      for (const tag of [newer.version, 'nixos-unstable']) {
        expect(new Set(FILES.map((name) => served(tag).get(name))), `stop ${stops}`).toEqual(new Set(['newer']));
        expect(served(tag).size, `stop ${stops}`).toBe(FILES.length + 1);
      }
    }
    // Were there no stops, nothing would have been tried.
    expect(stops).toBeGreaterThan(40);
    // One between the two renames of each asset, the script among them.
    expect(gaps).toBeLessThanOrEqual(FILES.length + 1);
    console.log(`${stops} stops (${kind}); at ${gaps} of them one asset was aside until the next run`);
  }, 300_000);
});
