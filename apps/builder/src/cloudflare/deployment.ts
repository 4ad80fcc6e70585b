import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'jsonc-parser';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';

/** The edge in this checkout; a folder with a `wrangler.jsonc`, of which nothing else is known here. */
export const EDGE_FOLDER = join(import.meta.dirname, '../../../edge');

const Route = v.union([v.string(), v.object({ pattern: v.string() })]);
const Environment = v.object({
  name: v.string(),
  r2_buckets: v.array(v.object({ binding: v.string(), bucket_name: v.string() })),
  routes: v.optional(v.array(Route), []),
});
const WranglerConfig = v.object({ env: v.record(v.string(), v.unknown()) });

/** What `wrangler.jsonc` says of one environment, as far as it must be there before wrangler deploys it, or be told afterwards. */
export interface Deployment {
  readonly file: string;
  readonly folder: string;
  readonly environment: string;
  /** Its name in the account. */
  readonly worker: string;
  readonly bucket: string;
  /** The first host that it is given a route on; none: its name under workers.dev. */
  readonly host: string | undefined;
}

/**
 * Reads what would be deployed.
 * @throws Failure (exit 2) when `wrangler.jsonc` has no such environment, or one without a bucket.
 */
export async function readDeployment(folder: string, environment: string): Promise<Deployment> {
  const file = join(folder, 'wrangler.jsonc');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure(`${file} cannot be read.`, { remedy: 'Run it in a checkout.', exitCode: EXIT.usage, cause });
  });
  const config = v.safeParse(WranglerConfig, parse(text));
  const environments = config.success ? config.output.env : {};
  const named = Object.hasOwn(environments, environment) ? environments[environment] : undefined;
  if (named === undefined) {
    throw new Failure(`${file} has no environment ${JSON.stringify(environment)}.`, {
      remedy: `It has: ${Object.keys(environments).join(', ') || 'none'}.`,
      exitCode: EXIT.usage,
    });
  }
  const parsed = v.safeParse(Environment, named);
  const bucket = parsed.success ? parsed.output.r2_buckets.find(({ binding }) => binding === 'BUCKET') : undefined;
  if (!parsed.success || bucket === undefined) {
    const why = parsed.success
      ? 'no bucket is bound to BUCKET'
      : `${v.getDotPath(parsed.issues[0]) ?? 'it'}: ${parsed.issues[0].message}`;
    throw new Failure(`The environment ${environment} of ${file} cannot be deployed: ${why}.`, {
      exitCode: EXIT.usage,
    });
  }
  const [route] = parsed.output.routes;
  const pattern = typeof route === 'object' ? route.pattern : route;
  const host = pattern?.replace(/^https?:\/\//, '').split('/')[0];
  return { file, folder, environment, worker: parsed.output.name, bucket: bucket.bucket_name, host };
}
