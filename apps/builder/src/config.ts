import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  ARCHES,
  Arch,
  Channel,
  defaultVariant,
  GithubRepository,
  Kind,
  STALE_AFTER_DAYS,
  type StagedChannel,
  type Standing,
  Time,
  Variant,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { EXIT, Failure } from './failure.ts';

/** The file that commands read when `--config` names no other. */
export const CONFIG_FILE = 'nixos-images.config.ts';

const Url = v.pipe(
  v.string(),
  v.url('not a URL'),
  v.transform((text) => new URL(text)),
);

const Bucket = v.pipe(
  v.strictObject({
    /** Of the S3 API: `https://<account>.r2.cloudflarestorage.com`. */
    endpoint: Url,
    name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]+$/, 'not a bucket name')),
    /** R2's is `auto`. */
    region: v.optional(v.string(), 'auto'),
  }),
  // Cloudflare's dashboard shows it so. The name would be twice in every key, and the bucket look empty.
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { endpoint, name } = dataset.value;
    const path = endpoint.pathname.replace(/\/+$/, '');
    if (!path.endsWith(`/${name}`)) return;
    const right = `${endpoint.origin}${path.slice(0, -name.length - 1)}`;
    addIssue({ message: `the endpoint ends in the bucket's name; it is ${right}` });
  }),
);

function isDistinct(words: readonly string[]): boolean {
  return new Set(words).size === words.length;
}

const ConfigImage = v.pipe(
  v.strictObject({
    kind: Kind,
    /** Absent: the one that an address without a variant means. */
    variant: v.optional(Variant),
    arches: v.optional(
      v.pipe(
        v.array(Arch),
        v.minLength(1),
        v.check((arches) => isDistinct(arches), 'an architecture twice'),
      ),
      [...ARCHES],
    ),
    /** Most bytes that all files of the image may have together; a release over it is reported as a problem. */
    budget: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  }),
  v.transform(({ kind, variant, arches, budget }) => ({
    kind,
    variant: variant ?? defaultVariant(kind),
    arches,
    budget,
  })),
);

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const ConfigChannel = v.strictObject({
  /** Flake reference whose `packages` hold the images, such as `github:you/nixos-images`. Paths are relative to the config file. */
  flake: v.pipe(v.string(), v.minLength(1)),
  images: v.pipe(
    v.array(ConfigImage),
    v.minLength(1),
    v.check((images) => isDistinct(images.map(({ kind, variant }) => `${kind} ${variant}`)), 'an image twice'),
  ),
  /** Former releases that stay: the newest `releases` of them, and all that were promoted in the last `days`. */
  keep: v.optional(v.strictObject({ releases: Count, days: Count }), { releases: 4, days: 60 }),
  /** `beta`: upstream has announced it and not released it, so no alias means it yet. */
  stage: v.optional(v.picklist(['beta', 'stable']), 'stable'),
  /** Upstream ended the channel: its last release stays and no new one is made. Users are told, and when it goes at `sunset`. */
  frozen: v.optional(
    v.strictObject({ since: Time, reason: v.pipe(v.string(), v.minLength(1)), sunset: v.exactOptional(Time) }),
  ),
});

const Config = v.strictObject({
  bucket: Bucket,
  /** A running edge over this bucket, which `verify --edge` asks. */
  edge: v.optional(Url),
  channels: v.pipe(
    v.record(Channel, ConfigChannel),
    v.check((channels) => Object.keys(channels).length > 0, 'no channel'),
  ),
  /** Folder for GC roots and remembered hashes, relative to the config file; safe to delete. */
  state: v.optional(v.string(), '.state/builder'),
  signing: v.optional(
    v.strictObject({
      /** minisign public keys that releases may be signed with: the present one and, after a rotation, former ones. */
      publicKeys: v.pipe(v.array(v.string()), v.minLength(1)),
    }),
  ),
  /** A GitHub repository whose releases get a copy of everything that is promoted (docs/operate/github.md). */
  mirror: v.optional(
    v.strictObject({
      repository: GithubRepository,
      /** Also replace the assets under a tag that is named like the channel. */
      rolling: v.optional(v.boolean(), false),
    }),
  ),
  /** Days without a promotion after which a release run calls a live channel stale, and fails. */
  staleAfterDays: v.optional(v.pipe(v.number(), v.minValue(1)), STALE_AFTER_DAYS),
  /** Hours for which gc leaves alone what nothing refers to; longer than any publish takes. */
  graceHours: v.optional(v.pipe(v.number(), v.minValue(0)), 7 * 24),
});

/** A config as it is written down. */
export type ConfigInput = v.InferInput<typeof Config>;
export type ConfigChannel = v.InferOutput<typeof ConfigChannel>;

/** A config as commands use it. */
export interface Config extends v.InferOutput<typeof Config> {
  /** Folder that the config file is in; flake paths are relative to it. */
  readonly folder: string;
}

/** The channels of a config with their stages, as names are looked up in them. */
export function stagedConfig(config: Config): (StagedChannel & Standing)[] {
  return Object.entries(config.channels).map(([name, settings]) => ({
    channel: v.parse(Channel, name),
    ...standingOf(settings),
  }));
}

/** What the catalog is to say of a channel of the config; of one that left it, that it gets releases. */
export function standingIn(config: Config, channel: Channel): Standing {
  return standingOf(config.channels[channel] ?? { stage: 'stable' });
}

/** What the catalog is to say of a channel. */
export function standingOf({ stage, frozen }: Pick<ConfigChannel, 'stage' | 'frozen'>): Standing {
  return frozen === undefined
    ? { stage, state: { status: 'live' } }
    : { stage: 'frozen', state: { status: 'frozen', ...frozen } };
}

/** Gives a config file its types: `export default defineConfig({ … })`. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/**
 * Reads a config file.
 * @throws Failure (exit 2) that says what is wrong with it and where.
 */
export async function loadConfig(file: string): Promise<Config> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new Failure(`There is no config file ${path}.`, {
      remedy: `Name one with --config FILE, or write ${CONFIG_FILE} here (docs/publishing.md shows one).`,
      exitCode: EXIT.usage,
    });
  }
  let module: unknown;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = error instanceof Error ? error.message.split('\n')[0] : 'unreadable';
    throw new Failure(`${path} cannot be loaded: ${why}.`, { exitCode: EXIT.usage, cause: error });
  }
  const result = v.safeParse(v.object({ default: v.unknown() }), module);
  if (!result.success) throw new Failure(`${path} has no default export.`, { exitCode: EXIT.usage });
  return parseConfig(result.output.default, path);
}

/**
 * Checks what a config file exports.
 * @throws Failure (exit 2) that says where it is wrong.
 */
export function parseConfig(exported: unknown, path: string): Config {
  const result = v.safeParse(Config, exported);
  if (!result.success) {
    const [issue] = result.issues;
    const where = v.getDotPath(issue);
    throw new Failure(`${path} is wrong${where ? ` at ${where}` : ''}: ${issue.message}.`, { exitCode: EXIT.usage });
  }
  const folder = dirname(path);
  return { ...result.output, folder, state: resolve(folder, result.output.state) };
}
