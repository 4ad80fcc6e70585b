import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Account, Permission, Token, Worker } from './account.ts';
import { Refusal } from './refusal.ts';
import { readUpload } from './upload.ts';

/** What is answered: a result, or an error of the API. */
export type Reply = { readonly result: unknown } | Refusal;

/** A request of the API, its token known. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly json: unknown;
  /** Of an upload. */
  readonly form: FormData | undefined;
}

interface Call extends ApiRequest {
  readonly account: Account;
  readonly token: Token;
  /** What the pattern's groups matched. */
  readonly name: string;
}

interface Route {
  readonly method: string;
  /** Below the account. */
  readonly path: RegExp;
  readonly needs: Permission;
  readonly answer: (call: Call) => Reply | Promise<Reply>;
}

const Named = v.object({ name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$/)) });
const Subdomain = v.object({ subdomain: v.string() });
const OnWorkersDev = v.object({ enabled: v.boolean(), previews_enabled: v.optional(v.boolean(), true) });
const Tags = v.object({ tags: v.array(v.string()) });
const Versions = v.object({ versions: v.array(v.object({ version_id: v.string(), percentage: v.literal(100) })) });
const Domains = v.object({ origins: v.array(v.object({ hostname: v.string() })) });

const noWorker = () => new Refusal(404, 10007, 'This Worker does not exist on your account.');

/** All that setting up asks of an account, by itself and through wrangler. */
const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/r2\/buckets\/([^/]+)$/,
    needs: 'r2',
    answer: ({ account, name }) => {
      if (!account.r2Enabled) return new Refusal(403, 10042, 'Please enable R2 through the Cloudflare Dashboard.');
      const made = account.buckets.get(name);
      return made === undefined
        ? new Refusal(404, 10006, 'The specified bucket does not exist.')
        : { result: bucketObject(name, made) };
    },
  },
  {
    method: 'POST',
    path: /^\/r2\/buckets$/,
    needs: 'r2',
    answer: ({ account, json }) => {
      if (!account.r2Enabled) return new Refusal(403, 10042, 'Please enable R2 through the Cloudflare Dashboard.');
      const { name } = v.parse(Named, json);
      if (account.buckets.has(name)) {
        return new Refusal(409, 10004, 'The bucket you tried to create already exists, and you own it.');
      }
      const made = new Date();
      account.buckets.set(name, made);
      return { result: bucketObject(name, made) };
    },
  },
  {
    method: 'GET',
    path: /^\/workers\/subdomain$/,
    needs: 'workers',
    answer: ({ account: { subdomain } }) =>
      subdomain === undefined
        ? new Refusal(404, 10007, 'You do not have a workers.dev subdomain.')
        : { result: { subdomain } },
  },
  {
    method: 'PUT',
    path: /^\/workers\/subdomain$/,
    needs: 'workers',
    answer: ({ account, json }) => {
      const { subdomain } = v.parse(Subdomain, json);
      if (subdomain === 'taken') return new Refusal(409, 10031, 'This subdomain is unavailable.');
      account.subdomain = subdomain;
      return { result: { subdomain } };
    },
  },
  {
    method: 'GET',
    path: /^\/workers\/scripts\/([^/]+)\/settings$/,
    needs: 'workers',
    answer: withWorker(({ bindings, compatibilityDate, tags, observability }) => ({
      bindings,
      compatibility_date: compatibilityDate,
      compatibility_flags: [],
      logpush: false,
      observability: { enabled: observability },
      tags,
      tail_consumers: [],
      usage_model: 'standard',
    })),
  },
  { method: 'PUT', path: /^\/workers\/scripts\/([^/]+)$/, needs: 'workers', answer: upload },
  {
    method: 'GET',
    path: /^\/workers\/scripts\/([^/]+)\/subdomain$/,
    needs: 'workers',
    answer: withWorker(onWorkersDev),
  },
  {
    method: 'POST',
    path: /^\/workers\/scripts\/([^/]+)\/subdomain$/,
    needs: 'workers',
    answer: (call) => {
      if (call.account.subdomain === undefined) {
        return new Refusal(409, 10063, 'You need a workers.dev subdomain in order to proceed.');
      }
      return withWorker((worker) => {
        const { enabled, previews_enabled } = v.parse(OnWorkersDev, call.json);
        Object.assign(worker, { onWorkersDev: enabled, previews: previews_enabled });
        return onWorkersDev(worker);
      })(call);
    },
  },
  // From here on: what wrangler asks besides, with what it makes of the answers.
  {
    method: 'GET',
    path: /^\/workers\/services\/([^/]+)$/,
    needs: 'workers',
    answer: ({ account, name }) => {
      const worker = account.workers.get(name);
      if (worker === undefined) return new Refusal(404, 10090, 'This Worker does not exist on your account.');
      const at = worker.uploadedAt.toISOString();
      const script = { id: name, tag: 'tag', tags: worker.tags, last_deployed_from: 'wrangler', modified_on: at };
      const environment = { environment: 'production', created_on: at, modified_on: at, script };
      return { result: { id: name, default_environment: environment, environments: [environment] } };
    },
  },
  { method: 'POST', path: /^\/workers\/scripts\/([^/]+)\/versions$/, needs: 'workers', answer: uploadVersion },
  { method: 'POST', path: /^\/workers\/scripts\/([^/]+)\/deployments$/, needs: 'workers', answer: deployVersion },
  { method: 'GET', path: /^\/workers\/scripts\/([^/]+)\/secrets$/, needs: 'workers', answer: withWorker(() => []) },
  {
    method: 'GET',
    path: /^\/workers\/scripts\/([^/]+)\/deployments$/,
    needs: 'workers',
    answer: withWorker(() => ({ deployments: [] })),
  },
  {
    method: 'PATCH',
    path: /^\/workers\/scripts\/([^/]+)\/script-settings$/,
    needs: 'workers',
    answer: (call) =>
      withWorker((worker) => {
        worker.tags = v.parse(Tags, call.json).tags;
        return { tags: worker.tags, logpush: false, observability: { enabled: worker.observability } };
      })(call),
  },
  {
    method: 'GET',
    path: /^\/workers\/workers\/([^/]+)$/,
    needs: 'workers',
    answer: withWorker((worker) => ({
      id: worker.name,
      name: worker.name,
      created_on: worker.uploadedAt.toISOString(),
      updated_on: worker.uploadedAt.toISOString(),
      logpush: false,
      observability: { enabled: worker.observability },
      references: { dispatch_namespace_outbounds: [], domains: [], durable_objects: [], queues: [], workers: [] },
      tail_consumers: [],
      subdomain: onWorkersDev(worker),
      tags: worker.tags,
    })),
  },
  {
    method: 'POST',
    path: /^\/workers\/scripts\/([^/]+)\/domains\/changeset$/,
    needs: 'workers',
    answer: withWorker(() => ({ added: [], removed: [], updated: [], conflicting: [] })),
  },
  {
    method: 'PUT',
    path: /^\/workers\/scripts\/([^/]+)\/domains\/records$/,
    needs: 'workers',
    answer: ({ account, json, name }) => {
      for (const { hostname } of v.parse(Domains, json).origins) account.domains.set(hostname, name);
      return { result: [] };
    },
  },
];

/** Answers a request as Cloudflare does. */
export async function answerApi(account: Account, token: Token | undefined, request: ApiRequest): Promise<Reply> {
  const { method, path } = request;
  const verifiedFor =
    path === '/user/tokens/verify' ? 'user' : path === `/accounts/${account.id}/tokens/verify` ? 'account' : undefined;
  if (verifiedFor !== undefined) {
    if (token?.owner !== verifiedFor) return new Refusal(401, 1000, 'Invalid API Token');
    return { result: { id: token.id, status: token.status } };
  }
  if (token === undefined) return new Refusal(403, 9109, 'Invalid access token');
  if (!path.startsWith(`/accounts/${account.id}/`)) return new Refusal(403, 10000, 'Authentication error');
  const below = path.slice(`/accounts/${account.id}`.length);
  for (const route of ROUTES) {
    const found = route.method === method ? route.path.exec(below) : null;
    if (found === null) continue;
    if (!token.permissions.has(route.needs)) return new Refusal(403, 10000, 'Authentication error');
    return route.answer({ ...request, account, token, name: decodeURIComponent(found[1] ?? '') });
  }
  return new Refusal(404, 7003, `Could not route to ${path}, perhaps your object identifier is invalid?`);
}

function withWorker(result: (worker: Worker) => unknown): (call: Call) => Reply {
  return ({ account, name }) => {
    const worker = account.workers.get(name);
    return worker === undefined ? noWorker() : { result: result(worker) };
  };
}

function bucketObject(name: string, made: Date) {
  return { name, creation_date: made.toISOString(), location: 'weur', storage_class: 'Standard' };
}

function onWorkersDev({ onWorkersDev: enabled, previews }: Worker) {
  return { enabled, previews_enabled: previews };
}

async function upload({ account, name, form }: Call): Promise<Reply> {
  const worker = await readUpload(account, name, form);
  if (worker instanceof Refusal) return worker;
  account.workers.set(name, worker);
  return { result: { id: name, etag: 'etag', startup_time_ms: 3, handlers: ['fetch'] } };
}

/** An upload that is not deployed yet: how wrangler replaces a Worker that is there. */
async function uploadVersion({ account, name, form }: Call): Promise<Reply> {
  if (!account.workers.has(name)) return noWorker();
  const worker = await readUpload(account, name, form);
  if (worker instanceof Refusal) return worker;
  const id = randomUUID();
  account.versions.set(id, worker);
  return { result: { id, resources: { script: { etag: 'etag' } }, startup_time_ms: 3 } };
}

function deployVersion({ account, name, json }: Call): Reply {
  const [version] = v.parse(Versions, json).versions;
  const worker = account.versions.get(version?.version_id ?? '');
  if (worker === undefined) return new Refusal(404, 10013, 'Could not find the version.');
  account.workers.set(name, worker);
  return { result: { id: randomUUID() } };
}
