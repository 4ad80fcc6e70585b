import type { GithubRepository } from '@nixos-images/shared';
import { type AccountId, verifyToken } from '../cloudflare/account.ts';
import type { CloudflareApi } from '../cloudflare/api.ts';
import { hasBucket, makeBucket } from '../cloudflare/bucket.ts';
import type { Deployment } from '../cloudflare/deployment.ts';
import { hasWorker, takeSubdomain, workersDevSubdomain } from '../cloudflare/worker.ts';
import { deployWorker } from '../cloudflare/wrangler.ts';
import type { Config } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Progress } from '../progress/progress.ts';
import { persist } from '../retry.ts';
import type { Credentials } from '../s3/credentials.ts';
import { S3Bucket } from '../s3/s3-bucket.ts';
import { type ImportOutcome, importReleases } from './import.ts';

/** What the boot record says of images that a set-up takes over. */
const UNTRIED = 'taken over by `setup cloudflare` as their makers publish them';

export interface CloudflareSetup {
  readonly api: CloudflareApi;
  readonly account: AccountId;
  readonly deployment: Deployment;
  /** A host of a zone of the account to serve under; none: what the deployment says. */
  readonly domain: string | undefined;
  /** The name under workers.dev to take when the account has none. */
  readonly subdomain: string | undefined;
  readonly bucketEndpoint: URL;
  /** Where the edge will answer, if not where Cloudflare puts it. */
  readonly edge: URL | undefined;
  /** What to serve at once, and by which config; none: an edge without images. */
  readonly images: { readonly from: GithubRepository; readonly config: Config } | undefined;
  readonly dryRun: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What there is now. */
export interface CloudflareSetupOutcome {
  readonly bucket: 'there' | 'made' | 'would-make';
  readonly worker: 'deployed' | 'deployed-anew' | 'would-deploy';
  readonly edge: URL;
  /** What the edge answered at the end; undefined when it did not, or was not asked. */
  readonly answered: number | undefined;
  readonly credentials: Credentials;
  readonly imported: readonly ImportOutcome[];
}

/**
 * Sets up an edge of one's own in a Cloudflare account: bucket, Worker, images. Each step looks first at what is there, so it can be
 * stopped anywhere and run again; a dry run only looks.
 */
export async function setUpCloudflare(setup: CloudflareSetup): Promise<CloudflareSetupOutcome> {
  const { api, account, deployment, bucketEndpoint, images, dryRun, progress, signal } = setup;
  const tokenId = await verifyToken(api, account);
  progress.note(`token: active, id ${tokenId}`);
  const credentials = api.token.s3Credentials(tokenId);

  // All that can be wrong is found before anything is made.
  const bucketThere = await hasBucket(api, account, deployment.bucket);
  const workerThere = await hasWorker(api, account, deployment);
  const edge = await edgeAddress(setup);

  const bucket = await provideBucket(setup, bucketThere);
  const worker = await provideWorker(setup, workerThere);
  let imported: ImportOutcome[] = [];
  if (images !== undefined && !dryRun) {
    const run = {
      config: images.config,
      bucket: new S3Bucket(deployment.bucket, { endpoint: bucketEndpoint, region: 'auto', credentials, signal }),
      progress,
      signal,
    };
    imported = await importReleases(run, {
      repository: images.from,
      tag: undefined,
      all: true,
      channel: undefined,
      series: undefined,
      smoke: false,
      promote: true,
      withoutBootTest: UNTRIED,
      dryRun: false,
    });
  }
  const answered = dryRun ? undefined : await askHealth(edge, signal);
  return { bucket, worker, edge, answered, credentials, imported };
}

async function provideBucket(
  { api, account, deployment, dryRun, progress }: CloudflareSetup,
  there: boolean,
): Promise<CloudflareSetupOutcome['bucket']> {
  const { bucket } = deployment;
  if (there || dryRun) {
    progress.note(`bucket ${bucket}: ${there ? 'is there' : 'would be made'}`);
    return there ? 'there' : 'would-make';
  }
  await makeBucket(api, account, bucket);
  progress.note(`bucket ${bucket}: made`);
  return 'made';
}

async function provideWorker(
  { api, account, deployment, domain, dryRun, progress, signal }: CloudflareSetup,
  there: boolean,
): Promise<CloudflareSetupOutcome['worker']> {
  if (dryRun) {
    progress.note(`Worker ${deployment.worker}: would be deployed${there ? ' anew' : ''}`);
    return 'would-deploy';
  }
  const task = progress.begin(`Worker ${deployment.worker}`);
  try {
    await deployWorker(deployment, { account, token: api.token, domain, task, signal });
  } catch (error) {
    task.drop();
    throw error;
  }
  task.end(there ? 'deployed anew' : 'deployed');
  return there ? 'deployed-anew' : 'deployed';
}

/** Where the Worker will answer. The account gets a name under workers.dev for it, if it has none and needs one. */
async function edgeAddress(setup: CloudflareSetup): Promise<URL> {
  const { deployment, domain } = setup;
  const host = domain ?? deployment.host ?? `${deployment.worker}.${await accountName(setup)}.workers.dev`;
  return setup.edge ?? new URL(`https://${host}`);
}

async function accountName({ api, account, subdomain, dryRun, progress }: CloudflareSetup): Promise<string> {
  const known = await workersDevSubdomain(api, account);
  if (known !== undefined) return known;
  if (subdomain === undefined) {
    throw new Failure('The account has no name under workers.dev yet, and the Worker no host of its own.', {
      remedy:
        'Say which it shall take, for good, with --subdomain NAME; or name a host of one of your zones with --domain.',
      exitCode: EXIT.usage,
    });
  }
  if (!dryRun) await takeSubdomain(api, account, subdomain);
  progress.note(`${subdomain}.workers.dev: ${dryRun ? 'would be taken' : 'taken'} for the account`);
  return subdomain;
}

/** What the edge says of itself; undefined while its name is not known everywhere yet, which takes a new one some minutes. */
async function askHealth(edge: URL, signal: AbortSignal): Promise<number | undefined> {
  const policy = { attempts: 5, firstPause: 1000, longestPause: 8000 };
  return persist<number | undefined>(policy, signal, async (number) => {
    const asked = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
    const answer = await fetch(new URL('/healthz', edge), { redirect: 'manual', signal: asked }).catch(() => undefined);
    await answer?.body?.cancel();
    const status = answer?.status;
    // A Worker without images says 503, and nobody else at this address does.
    if (status === 200 || status === 503 || number === policy.attempts) return { done: status };
    return { failure: undefined };
  });
}
