import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import { type CloudflareApi, CODE } from './api.ts';
import { HOW_TO_MAKE_ONE } from './api-token.ts';

/** Where wrangler looks for it, too. */
export const ACCOUNT_VARIABLE = 'CLOUDFLARE_ACCOUNT_ID';

const AccountId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/), v.brand('AccountId'));
export type AccountId = v.InferOutput<typeof AccountId>;

const VerifiedToken = v.object({ id: v.string(), status: v.string() });

/**
 * The account that was named, or that of the environment.
 * @throws Failure (exit 2) when there is none, or no account has such an id.
 */
export function readAccount(named: string | undefined, environment: NodeJS.ProcessEnv): AccountId {
  const text = named ?? environment[ACCOUNT_VARIABLE] ?? '';
  const id = v.safeParse(AccountId, text);
  if (id.success) return id.output;
  throw new Failure(
    text === '' ? 'No Cloudflare account is named.' : `${JSON.stringify(text)} is no id of an account.`,
    {
      remedy: `Set ${ACCOUNT_VARIABLE}, or name it with --account: 32 hexadecimal digits, the part of the dashboard's address behind dash.cloudflare.com/.`,
      exitCode: EXIT.usage,
    },
  );
}

/**
 * Asks Cloudflare whether the token is good, and gives its id. A token belongs to a user or to an account, and each kind is known at an
 * address of its own.
 * @throws Failure when it is not active.
 */
export async function verifyToken(api: CloudflareApi, account: AccountId): Promise<string> {
  const ask = { method: 'GET', result: VerifiedToken, permission: 'to be verified' } as const;
  const ofUser = await api.send({ ...ask, path: '/user/tokens/verify', accept: [CODE.invalidToken] });
  const answer = 'result' in ofUser ? ofUser : await api.send({ ...ask, path: `/accounts/${account}/tokens/verify` });
  if ('result' in answer && answer.result.status === 'active') return answer.result.id;
  const status = 'result' in answer ? answer.result.status : 'unknown';
  throw new Failure(`The Cloudflare API token is ${status}.`, { remedy: HOW_TO_MAKE_ONE, exitCode: EXIT.usage });
}
