import { Sha256, Time } from '@nixos-images/shared';
import * as v from 'valibot';

const Timestamp = v.pipe(
  v.string(),
  v.transform((text) => new Date(text)),
  v.date(),
  v.transform((date) => date.toISOString()),
  Time,
);

/** A file of a release, as far as this project needs to know it. */
export const Asset = v.pipe(
  v.object({
    id: v.number(),
    url: v.pipe(v.string(), v.url()),
    name: v.string(),
    state: v.string(),
    size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    digest: v.nullish(v.string()),
    updated_at: Timestamp,
    browser_download_url: v.pipe(v.string(), v.url()),
  }),
  v.transform(({ id, url, name, state, size, digest, updated_at, browser_download_url }) => ({
    id,
    name,
    /** False for what a broken upload left behind: it has a name and no bytes. */
    complete: state === 'uploaded',
    /** Bytes. */
    size,
    /** Absent on assets from before GitHub computed digests. */
    sha256: digest?.startsWith('sha256:') ? v.parse(Sha256, digest.slice('sha256:'.length)) : undefined,
    updated: updated_at,
    /** Of the API; answers to whoever may read the repository. */
    apiUrl: url,
    /** For everybody. */
    downloadUrl: browser_download_url,
  })),
);
export type GithubAsset = v.InferOutput<typeof Asset>;

/** A release, as far as this project needs to know it. */
export const Release = v.pipe(
  v.object({
    id: v.number(),
    tag_name: v.string(),
    name: v.nullish(v.string(), ''),
    body: v.nullish(v.string(), ''),
    draft: v.boolean(),
    html_url: v.pipe(v.string(), v.url()),
    upload_url: v.string(),
  }),
  v.transform(({ id, tag_name, name, body, draft, html_url, upload_url }) => ({
    id,
    tag: tag_name,
    name,
    body,
    draft,
    url: html_url,
    /** Without the template at its end. */
    uploadUrl: upload_url.replace(/\{.*$/, ''),
  })),
);
export type GithubRelease = v.InferOutput<typeof Release>;
