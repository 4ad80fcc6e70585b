import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Repository } from './local-github/repository.ts';
import { type LocalGithub, startLocalGithub } from './local-github/server.ts';

const repository = () => {
  const made = new Repository('nix-community/nixos-images');
  made.tokens.set('writer', 'write');
  made.tokens.set('reader', 'read');
  return made;
};

let images: Repository;
let github: LocalGithub;
beforeEach(async () => {
  images = repository();
  github = await startLocalGithub([images]);
});
afterEach(() => github.stop());

const base = '/repos/nix-community/nixos-images/releases';

async function call(method: string, path: string, { token, json }: { token?: string; json?: object } = {}) {
  const response = await fetch(path.startsWith('http') ? path : `${github.apiUrl}${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(json && { 'content-type': 'application/json' }),
    },
    ...(json && { body: JSON.stringify(json) }),
    redirect: 'manual',
  });
  const text = await response.text();
  const body: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body };
}

async function upload(release: number, name: string, bytes: string) {
  const response = await fetch(`${github.url}/uploads${base}/${release}/assets?name=${name}`, {
    method: 'POST',
    headers: { authorization: 'Bearer writer', 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  return { status: response.status, body: await response.json() };
}

describe('the local GitHub', () => {
  it('walks through the life of a release as GitHub describes it', async () => {
    const created = await call('POST', base, { token: 'writer', json: { tag_name: 'nixos-26.05', draft: true } });
    expect(created).toMatchObject({ status: 201, body: { tag_name: 'nixos-26.05', draft: true } });
    const id = images.releases[0]?.id ?? 0;
    expect(await upload(id, 'initrd-x86_64-linux', 'bytes')).toMatchObject({
      status: 201,
      body: { state: 'uploaded', size: 5, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
    });
    expect(await call('GET', `${base}/tags/nixos-26.05`)).toMatchObject({ status: 404 });
    expect(await call('GET', base)).toMatchObject({ status: 200, body: [] });
    expect(await call('PATCH', `${base}/${id}`, { token: 'writer', json: { draft: false } })).toMatchObject({
      status: 200,
    });
    expect(await call('GET', `${base}/latest`)).toMatchObject({ status: 200, body: { assets: [{ size: 5 }] } });
    expect(await call('GET', `${base}/${id}/assets`)).toMatchObject({ status: 200, body: [{ state: 'uploaded' }] });
    const asset = images.releases[0]?.assets[0]?.id;
    expect(await call('PATCH', `${base}/assets/${asset}`, { token: 'writer', json: { name: 'initrd' } })).toMatchObject(
      { status: 200, body: { name: 'initrd' } },
    );
    expect(await call('DELETE', `${base}/assets/${asset}`, { token: 'writer' })).toMatchObject({ status: 204 });
    expect(await call('DELETE', `${base}/${id}`, { token: 'writer' })).toMatchObject({ status: 204 });
    expect(github.differences).toEqual([]);
  });

  it('keeps one published release a tag, and any number of drafts', async () => {
    const json = { tag_name: 'nixos-26.05' };
    expect((await call('POST', base, { token: 'writer', json })).status).toBe(201);
    expect((await call('POST', base, { token: 'writer', json: { ...json, draft: true } })).status).toBe(201);
    const second = images.releases[1]?.id;
    expect(await call('PATCH', `${base}/${second}`, { token: 'writer', json: { draft: false } })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'already_exists', field: 'tag_name' }] },
    });
    // GitHub's description does not say that an update can answer 422; GitHub does it all the same.
    expect(github.differences).toEqual(['repos/update-release: never answers 422']);
  });

  it('refuses a second asset of a name, whoever has it and in whatever state', async () => {
    await call('POST', base, { token: 'writer', json: { tag_name: 'nixos-26.05' } });
    const id = images.releases[0]?.id ?? 0;
    github.faults.plan({ kind: 'upload-breaks' }, ({ method }) => method === 'POST');
    expect((await upload(id, 'a', 'x'.repeat(10))).status).toBe(502);
    expect(images.releases[0]?.assets).toMatchObject([{ name: 'a', state: 'starter' }]);
    expect(await upload(id, 'a', 'y')).toMatchObject({ status: 422, body: { errors: [{ code: 'already_exists' }] } });
    expect(github.differences).toEqual([]);
  });

  it.each([
    ['an anonymous user', undefined, 401],
    ['a token that nobody knows', 'stranger', 401],
    ['a token that may only read', 'reader', 403],
  ])('lets %s write nothing', async (_, token, status) => {
    const answer = await call('POST', base, { ...(token && { token }), json: { tag_name: 'x' } });
    expect(answer.status).toBe(status);
    expect(images.releases).toEqual([]);
  });

  it('answers with pages that link to the next', async () => {
    for (let number = 0; number < 3; number += 1) images.createRelease({ tag_name: `t${number}` });
    const first = await call('GET', `${base}?per_page=2`);
    expect(first.body).toMatchObject([{ tag_name: 't2' }, { tag_name: 't1' }]);
    const [, next = ''] = /<(.*?)>; rel="next"/.exec(first.headers.get('link') ?? '') ?? [];
    const second = await call('GET', next);
    expect(second.body).toMatchObject([{ tag_name: 't0' }]);
    expect(second.headers.get('link')).toBeNull();
    expect(github.differences).toEqual([]);
  });

  it('sends downloads to a signed address, which takes no token and serves ranges', async () => {
    const release = images.createRelease({ tag_name: 'nixos-26.05' });
    images.addAsset(release, 'a', Buffer.from('abcdef'));
    const web = `${github.url}/nix-community/nixos-images/releases/latest/download/a`;
    const first = await call('GET', web);
    const second = await call('GET', first.headers.get('location') ?? '');
    const signed = second.headers.get('location') ?? '';
    expect([first.status, second.status]).toEqual([302, 302]);
    const range = await fetch(signed, { headers: { range: 'bytes=4-' } });
    expect([range.status, await range.text(), range.headers.get('content-range')]).toEqual([206, 'ef', 'bytes 4-5/6']);
    expect((await call('GET', signed, { token: 'writer' })).status).toBe(400);
  });

  it('notices requests that GitHub does not describe', async () => {
    await call('POST', base, { token: 'writer', json: { tag_name: 'x', colour: 'blue' } });
    await call('GET', `${base}?sort=asc`);
    expect(github.differences).toEqual([
      'repos/create-release: there is no request member colour',
      'repos/list-releases: there is no query parameter sort',
    ]);
  });
});
