import type { Asset, Release, Repository } from './repository.ts';

/** Where the addresses in answers begin. */
export interface Origins {
  /** Of the API, such as `http://127.0.0.1:4000/api`. */
  readonly api: string;
  /** Of uploads; GitHub's are on a host of their own. */
  readonly uploads: string;
  /** Of what browsers open. */
  readonly web: string;
}

const ROBOT = 'release-robot';

/** A user as GitHub's API writes one. */
function user({ api, web }: Origins) {
  const url = `${api}/users/${ROBOT}`;
  return {
    login: ROBOT,
    id: 1,
    node_id: 'U_1',
    avatar_url: `${web}/avatars/1`,
    gravatar_id: '',
    url,
    html_url: `${web}/${ROBOT}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: 'User',
    site_admin: false,
  };
}

/** An asset as GitHub's API writes one. */
export function assetObject(repository: Repository, release: Release, asset: Asset, origins: Origins) {
  return {
    url: `${origins.api}/repos/${repository.fullName}/releases/assets/${asset.id}`,
    id: asset.id,
    node_id: `RA_${asset.id}`,
    name: asset.name,
    label: asset.label,
    uploader: user(origins),
    content_type: asset.contentType,
    state: asset.state,
    size: asset.bytes.length,
    digest: asset.digest,
    download_count: 0,
    created_at: asset.createdAt.toISOString(),
    updated_at: asset.updatedAt.toISOString(),
    browser_download_url: `${origins.web}/${repository.fullName}/releases/download/${release.tag}/${asset.name}`,
  };
}

/** A release as GitHub's API writes one. */
export function releaseObject(repository: Repository, release: Release, origins: Origins) {
  const url = `${origins.api}/repos/${repository.fullName}/releases/${release.id}`;
  return {
    url,
    assets_url: `${url}/assets`,
    upload_url: `${origins.uploads}/repos/${repository.fullName}/releases/${release.id}/assets{?name,label}`,
    html_url: `${origins.web}/${repository.fullName}/releases/tag/${release.tag}`,
    id: release.id,
    author: user(origins),
    node_id: `RE_${release.id}`,
    tag_name: release.tag,
    target_commitish: 'main',
    name: release.name,
    draft: release.draft,
    prerelease: release.prerelease,
    created_at: release.createdAt.toISOString(),
    published_at: release.publishedAt?.toISOString() ?? null,
    assets: release.assets.map((asset) => assetObject(repository, release, asset, origins)),
    tarball_url: release.draft ? null : `${origins.api}/repos/${repository.fullName}/tarball/${release.tag}`,
    zipball_url: release.draft ? null : `${origins.api}/repos/${repository.fullName}/zipball/${release.tag}`,
    body: release.body,
  };
}
