import type { GithubRepository } from '@nixos-images/shared';
import { ACCOUNT_VARIABLE, readAccount } from '../cloudflare/account.ts';
import { CloudflareApi } from '../cloudflare/api.ts';
import { readToken } from '../cloudflare/api-token.ts';
import { bucketEndpoint } from '../cloudflare/bucket.ts';
import { checkCredentialsFile, writeCredentialsFile } from '../cloudflare/credentials-file.ts';
import { type Deployment, EDGE_FOLDER, readDeployment } from '../cloudflare/deployment.ts';
import { type Config, loadConfig } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Progress } from '../progress/progress.ts';
import { type CloudflareSetupOutcome, setUpCloudflare } from '../steps/setup-cloudflare.ts';
import { outcomeJson, outcomeText, parseSource } from './import.ts';

export interface SetupCloudflareOptions {
  readonly config: string;
  readonly account?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly env: string;
  readonly domain?: string | undefined;
  readonly subdomain?: string | undefined;
  readonly bucketEndpoint?: string | undefined;
  readonly edge?: string | undefined;
  /** False: bring no images. */
  readonly import: string | false;
  readonly showCredentials?: boolean | undefined;
  readonly credentialsFile?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** `nixos-images setup cloudflare`: bucket, Worker and today's images in an account of one's own. */
export async function setupCloudflareCommand(progress: Progress, signal: AbortSignal, options: SetupCloudflareOptions) {
  const { domain, subdomain, showCredentials = false, credentialsFile, dryRun = false } = options;
  const account = readAccount(options.account, process.env);
  const deployment = await readDeployment(EDGE_FOLDER, options.env);
  const endpoint = parseUrl('--bucket-endpoint', options.bucketEndpoint) ?? new URL(bucketEndpoint(account));
  const images =
    options.import === false
      ? undefined
      : { from: parseSource(options.import), config: await configFor(options.config, endpoint, deployment.bucket) };
  if (credentialsFile !== undefined) await checkCredentialsFile(credentialsFile);
  const token = await readToken(options.tokenFile, process.env);
  const outcome = await setUpCloudflare({
    api: new CloudflareApi({ token, signal }),
    account,
    deployment,
    domain,
    subdomain,
    bucketEndpoint: endpoint,
    edge: parseUrl('--edge', options.edge),
    images,
    dryRun,
    progress,
    signal,
  });
  const { bucket, worker, edge, answered, imported } = outcome;
  const open = { BUCKET_ENDPOINT: withoutSlash(endpoint), BUCKET_NAME: deployment.bucket };
  const { accessKeyId, secretAccessKey } = outcome.credentials;
  const secret = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  if (credentialsFile !== undefined && !dryRun) await writeCredentialsFile(credentialsFile, { ...open, ...secret });
  const undo = undoCommands(deployment);
  const json = {
    dryRun,
    account,
    bucket: { name: deployment.bucket, endpoint: open.BUCKET_ENDPOINT, state: bucket },
    worker: { name: deployment.worker, state: worker },
    edge: { url: withoutSlash(edge), answered: answered ?? null },
    releases: imported.map(outcomeJson),
    environment: [...Object.keys(open), ...Object.keys(secret)],
    ...(showCredentials && { credentials: secret }),
    ...(credentialsFile !== undefined && { credentialsFile }),
    undo,
  };
  const shown = showCredentials ? { ...open, ...secret } : open;
  const text = [
    ...imported.map(outcomeText),
    ...addressLines(outcome, images?.from, dryRun),
    '',
    `The builder ${dryRun ? 'will need' : 'needs'} these variables:`,
    ...Object.entries(shown).map(([name, value]) => `  export ${name}=${value}`),
    ...credentialLines(credentialsFile, showCredentials, dryRun),
    '',
    'To undo it:',
    ...undo.map((line) => `  ${line}`),
  ].join('\n');
  return { json, text, failed: imported.some(({ state }) => state === 'failed') };
}

/** The config by which images are brought in. It must mean the bucket that is set up, or the weekly run would publish elsewhere. */
async function configFor(file: string, endpoint: URL, bucket: string): Promise<Config> {
  // What the config of this repository reads its bucket from.
  process.env['BUCKET_ENDPOINT'] = withoutSlash(endpoint);
  process.env['BUCKET_NAME'] = bucket;
  const config = await loadConfig(file);
  if (config.bucket.name === bucket && config.bucket.endpoint.href === endpoint.href) return config;
  throw new Failure(
    `${file} publishes to the bucket ${config.bucket.name}, and this would set up ${bucket} at ${endpoint.host}.`,
    {
      remedy:
        'Correct `bucket` in the config or the bucket in wrangler.jsonc, or bring the images in later: --no-import.',
      exitCode: EXIT.usage,
    },
  );
}

function parseUrl(option: string, text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  if (URL.canParse(text)) return new URL(text);
  throw new Failure(`${JSON.stringify(text)} is not a URL.`, {
    remedy: `Such as ${option} https://images.example.org.`,
    exitCode: EXIT.usage,
  });
}

function withoutSlash({ href }: URL): string {
  return href.replace(/\/$/, '');
}

function addressLines(
  { edge, answered }: CloudflareSetupOutcome,
  from: GithubRepository | undefined,
  dryRun: boolean,
): string[] {
  const url = withoutSlash(edge);
  if (dryRun) return [...(from === undefined ? [] : [`images: would come from ${from}`]), `It would serve at ${url}`];
  const told =
    answered === 200 || answered === 503 ? 'It serves at' : 'It does not answer yet (a new name takes some minutes):';
  return [
    `${told} ${url}`,
    `  curl ${url}                 # what there is to type`,
    `  curl ${url}/healthz         # for the monitor`,
  ];
}

function credentialLines(file: string | undefined, shown: boolean, dryRun: boolean): string[] {
  if (file !== undefined) return [`  all of them ${dryRun ? 'would stand' : 'stand'} in ${file}: . ${file}`];
  if (shown) return [];
  return [
    '  AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: shown with --show-credentials, written down with --credentials-file FILE',
  ];
}

function undoCommands({ environment, bucket }: Deployment): string[] {
  return [
    `(cd apps/edge && npx wrangler delete --env ${environment})`,
    `npx wrangler r2 bucket delete ${bucket}   # once it is empty: the dashboard's "Empty bucket", or any S3 tool`,
    `and delete the token in the dashboard, if nothing else uses it (${ACCOUNT_VARIABLE} may stay)`,
  ];
}
