import { STALE_AFTER_DAYS } from '@nixos-images/shared';
import * as v from 'valibot';

const seconds = (fallback: string) =>
  v.pipe(v.optional(v.string(), fallback), v.regex(/^\d{1,7}$/), v.transform(Number));
const origin = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[\w.:[\]-]+$/, 'expected an origin such as https://blobs.example.org'),
);

/** The variables of `wrangler.jsonc`, explained in docs/operate/edge.md. */
export const Settings = v.object({
  /** For so long the catalog is used without looking whether there is a newer one. */
  CATALOG_FRESH_SECONDS: seconds('10'),
  /** After so long an answer waits for a look at the bucket; in between the look happens in the background. */
  CATALOG_WAIT_SECONDS: seconds('60'),
  /** For so long the last catalog is used when the bucket cannot be read. */
  CATALOG_STALE_SECONDS: seconds('86400'),
  /** A live channel without a release for so many days is unhealthy. */
  CHANNEL_LIMIT_DAYS: seconds(`${STALE_AFTER_DAYS}`),
  /** A web server that has the bucket's keys as paths; without it blobs come through the binding. */
  BLOB_ORIGIN: v.optional(origin),
  /** The address that pages and feeds name; without it the one that the request came to. */
  PUBLIC_ORIGIN: v.optional(origin),
  /** Whether `/with/…` addresses are answered: `on`, `off`, or the one host name under which they are. */
  CUSTOMISATION: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9.-]+$/)), 'on'),
  /** Where the keys of accounts are asked for. */
  GITHUB_ORIGIN: v.optional(origin, 'https://github.com'),
  GITLAB_ORIGIN: v.optional(origin, 'https://gitlab.com'),
  CODEBERG_ORIGIN: v.optional(origin, 'https://codeberg.org'),
  SOURCEHUT_ORIGIN: v.optional(origin, 'https://meta.sr.ht'),
});
export type Settings = v.InferOutput<typeof Settings>;

/** What the Worker is bound to. */
export interface Bindings {
  readonly BUCKET: R2Bucket;
  /** Download counts; not counted where it is not bound. */
  readonly DOWNLOADS?: AnalyticsEngineDataset;
}

const read = new WeakMap<object, Settings>();

/** The settings of an environment, parsed once. @throws ValiError if one of them is wrong. */
export function settingsOf(environment: object): Settings {
  const known = read.get(environment);
  if (known !== undefined) return known;
  const settings = v.parse(Settings, environment);
  read.set(environment, settings);
  return settings;
}
