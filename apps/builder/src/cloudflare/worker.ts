import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import type { AccountId } from './account.ts';
import { type CloudflareApi, CODE } from './api.ts';
import type { Deployment } from './deployment.ts';

/** What a deployment needs, too. */
export const WORKER_PERMISSION = 'Workers Scripts: Edit';

const WorkerSettings = v.object({
  bindings: v.optional(
    v.array(v.object({ type: v.string(), name: v.string(), bucket_name: v.optional(v.string()) })),
    [],
  ),
});
const Subdomain = v.object({ subdomain: v.string() });

/**
 * Whether the account has this Worker already.
 * @throws Failure (exit 2) when a Worker of that name is another one: it reads no such bucket.
 */
export async function hasWorker(api: CloudflareApi, account: AccountId, deployment: Deployment): Promise<boolean> {
  const { worker, bucket } = deployment;
  const answer = await api.send({
    method: 'GET',
    path: `/accounts/${account}/workers/scripts/${worker}/settings`,
    result: WorkerSettings,
    permission: WORKER_PERMISSION,
    accept: [CODE.noSuchWorker],
  });
  if (!('result' in answer)) return false;
  if (answer.result.bindings.some(({ type, bucket_name }) => type === 'r2_bucket' && bucket_name === bucket))
    return true;
  throw new Failure(
    `The account has a Worker ${worker} already, and it is not this one: it does not read the bucket ${bucket}.`,
    {
      remedy: `Choose another \`name\` in ${deployment.file}, or delete that Worker.`,
      exitCode: EXIT.usage,
    },
  );
}

/** The account's name under workers.dev, or undefined when it has none yet. */
export async function workersDevSubdomain(api: CloudflareApi, account: AccountId): Promise<string | undefined> {
  const answer = await api.send({
    method: 'GET',
    path: `/accounts/${account}/workers/subdomain`,
    result: Subdomain,
    permission: WORKER_PERMISSION,
    accept: [CODE.noSuchWorker],
  });
  return 'result' in answer ? answer.result.subdomain : undefined;
}

/**
 * Takes a name under workers.dev for the account, which it then keeps.
 * @throws Failure (exit 2) when somebody else has it.
 */
export async function takeSubdomain(api: CloudflareApi, account: AccountId, subdomain: string): Promise<void> {
  const answer = await api.send({
    method: 'PUT',
    path: `/accounts/${account}/workers/subdomain`,
    body: { subdomain },
    result: Subdomain,
    permission: WORKER_PERMISSION,
    accept: [CODE.subdomainTaken],
  });
  if ('result' in answer) return;
  throw new Failure(`${subdomain}.workers.dev belongs to somebody else.`, {
    remedy: 'Choose another name with --subdomain.',
    exitCode: EXIT.usage,
  });
}
