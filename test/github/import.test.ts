import { createHash } from 'node:crypto';
import { Channel, parseJson } from '@nixos-images/shared';
import { ImportReport } from 'nixos-images/reports';
import { readCatalog } from 'nixos-images/store';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRelease, INIT, type Stage, setStage, todaysAssets, UNTRIED } from './stage.ts';

const SOURCE = 'github:nix-community/nixos-images';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.stop());

const isDownload = ({ path }: { path: string }) => path.startsWith('/signed/');

async function objectsInBucket(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of stage.bucket.list('')) keys.push(key);
  return keys;
}

describe('nixos-images import', () => {
  it('serves a release of GitHub from the edge, byte for byte', async () => {
    const assets = todaysAssets('one');
    addRelease(stage.source, 'nixos-unstable', assets);
    const { code, out, err } = await stage.run(
      'import',
      SOURCE,
      '--tag',
      'nixos-unstable',
      '--promote',
      ...UNTRIED,
      '--json',
    );
    expect({ code, err }).toMatchObject({ code: 0 });
    const [release] = parseJson(ImportReport, out, 'the report').releases;
    expect(release).toMatchObject({ channel: 'nixos-unstable', state: 'imported', leftOut: [], withoutDigest: [] });
    expect(release?.state === 'imported' && release.version).toMatch(/^26\.11\.\d{8}\.[0-9a-f]{7}$/);

    const current = (await readCatalog(stage.bucket))?.catalog.channels[v.parse(Channel, 'nixos-unstable')]?.current;
    const netboot = current?.images.find(({ kind }) => kind === 'netboot');
    expect(netboot).toMatchObject({
      init: INIT,
      kernelParams: ['nohibernate', 'loglevel=4'],
      origin: { from: 'github', repository: 'nix-community/nixos-images', tag: 'nixos-unstable' },
    });
    for (const [name, bytes] of assets) {
      if (name.endsWith('.ipxe')) continue;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const stored = await stage.bucket.read(`blobs/sha256/${sha256}`);
      expect(stored?.text, name).toBe(bytes.toString());
    }
    const iso = await fetch(`${stage.localEdge.url}/iso@unstable/x86_64.iso`);
    expect(await iso.text()).toBe(assets.get('nixos-installer-x86_64-linux.iso')?.toString());
    expect(stage.github.differences).toEqual([]);
  });

  it('makes the same version of the same assets, and downloads nothing twice', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    const first = await stage.run('import', SOURCE, '--all', '--json');
    const downloads = stage.github.operations.filter(isDownload).length;
    const second = await stage.run('import', SOURCE, '--all', '--json');
    expect([first, second].map(({ code, err }) => ({ code, err }))).toMatchObject([{ code: 0 }, { code: 0 }]);
    const [before, after] = [first, second].map(({ out }) => JSON.parse(out).releases[0]);
    expect(after).toMatchObject({ version: before.version, created: false, downloadedBytes: 0 });
    // The netboot script is read again; no file is.
    expect(stage.github.operations.filter(isDownload).length).toBe(downloads + 1);
  });

  it('goes on where a broken download stopped', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    stage.github.faults.plan({ kind: 'download-breaks' }, isDownload, 2);
    const { code } = await stage.run('import', SOURCE, '--tag', 'nixos-unstable');
    expect(code).toBe(0);
  });

  it('takes nothing over that GitHub garbles', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    stage.github.faults.plan({ kind: 'download-garbles' }, isDownload, 100);
    const { code, err } = await stage.run('import', SOURCE, '--tag', 'nixos-unstable');
    expect(code).toBe(1);
    expect(err).toContain("is not what GitHub's digest says it is.");
    expect(await objectsInBucket()).toEqual([]);
  });

  it('checks the size where GitHub has no digest, and says so', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('old'));
    for (const asset of stage.source.releases[0]?.assets ?? []) asset.digest = null;
    const { code, out } = await stage.run('import', SOURCE, '--tag', 'nixos-unstable');
    expect(code).toBe(0);
    expect(out).toContain('only the size could be checked of: ');
  });

  it('writes nothing on a dry run', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    const { code, out } = await stage.run('import', SOURCE, '--all', '--dry-run');
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('would be imported as 26.11.') });
    expect(await objectsInBucket()).toEqual([]);
  });

  it('asks the API three times a release when there is no token, for that is limited', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    expect(await stage.run('import', SOURCE, '--tag', 'nixos-unstable')).toMatchObject({ code: 0 });
    expect(stage.github.operations.filter(({ path }) => path.startsWith('/api/'))).toHaveLength(3);
  });

  it('waits as long as GitHub asks', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    stage.github.faults.plan({ kind: 'secondary-rate-limit', retryAfter: 1 }, () => true);
    stage.github.faults.plan({ kind: 'server-error', status: 502 }, ({ path }) => path.endsWith('/assets'));
    const { code, err } = await stage.run('import', SOURCE, '--tag', 'nixos-unstable');
    expect(code).toBe(0);
    expect(err).toContain('GitHub asks to wait 1 s');
  });

  it('imports a private repository for who has a token, and keeps the token from the signed address', async () => {
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    Object.assign(stage.source, { isPrivate: true });
    stage.source.tokens.set('member', 'read');
    expect(await stage.run('import', SOURCE, '--tag', 'nixos-unstable')).toMatchObject({
      code: 1,
      err: expect.stringContaining('GitHub has no nix-community/nixos-images, or the token may not see it.'),
    });
    process.env['GITHUB_TOKEN'] = 'member';
    expect(await stage.run('import', SOURCE, '--tag', 'nixos-unstable')).toMatchObject({ code: 0 });
  });

  it.each([
    ['a tag that does not exist', () => {}, /has no release "nixos-unstable"\.\nIt has no releases at all\./],
    [
      'a release of something else',
      () => addRelease(stage.source, 'nixos-unstable', new Map([['tool.zip', Buffer.from('x')]])),
      /has none of the images that can be imported; it has other assets: tool\.zip/,
    ],
    [
      'a release that is being replaced',
      () => {
        addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
        const [release] = stage.source.releases;
        if (release === undefined) throw new Error('no release');
        release.assets = release.assets.filter(({ name }) => name !== 'initrd-x86_64-linux');
        stage.source.beginAsset(release, 'initrd-x86_64-linux', 'application/octet-stream');
      },
      /initrd-x86_64-linux of nixos-unstable is not complete: the release is being replaced just now/,
    ],
    [
      'a limit of requests that is used up for long',
      () => stage.github.faults.plan({ kind: 'primary-rate-limit', resetIn: 3600 }, () => true),
      /GitHub's limit of requests is used up until \d\d:\d\d UTC\.\nSet GITHUB_TOKEN/,
    ],
  ])('says in one sentence what is wrong with %s, and leaves the bucket alone', async (_, prepare, sentence) => {
    prepare();
    const { code, err, out } = await stage.run('import', SOURCE, '--tag', 'nixos-unstable');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(sentence);
    expect(await objectsInBucket()).toEqual([]);
  });

  it('does not let one bad release hold the others back', async () => {
    addRelease(stage.source, 'nixos-26.05', new Map([['tool.zip', Buffer.from('x')]]));
    addRelease(stage.source, 'nixos-unstable', todaysAssets('one'));
    addRelease(stage.source, 'v1', todaysAssets('two'));
    const { code, out } = await stage.run('import', SOURCE, '--all', '--promote', ...UNTRIED);
    expect(code).toBe(1);
    expect(out).toContain('nixos-26.05: not imported: The release nixos-26.05 has none of the images');
    expect(out).toMatch(/nixos-unstable: promoted to 26\.11/);
  });
});
