import { type GithubUser, PublicKey } from '@nixos-images/shared';
import * as v from 'valibot';
import { type Problem, problem } from '../problem.ts';

/** An account's keys are used for so long before they are asked for again, in milliseconds. */
const FRESH = 60_000;
/** A person has a handful of keys; longer lists do not fit into an ISO's area anyway. */
const MOST_KEYS = 20;
const LONGEST_ANSWER = 100_000;

const held = new Map<GithubUser, { readonly keys: readonly PublicKey[]; readonly at: number }>();

/** The public keys of a GitHub account, each with the account as comment. `origin` is GitHub's, such as `https://github.com`. */
export async function accountKeys(user: GithubUser, origin: string): Promise<readonly PublicKey[] | Problem> {
  const known = held.get(user);
  if (known !== undefined && Date.now() - known.at < FRESH) return known.keys;
  const response = await fetch(`${origin}/${user}.keys`, { redirect: 'manual' }).catch(() => undefined);
  if (response?.status === 404) return problem(404, `GitHub knows no account "${user}".`);
  if (response?.status !== 200)
    return problem(503, 'GitHub cannot be asked for keys just now; please try again in a minute.');
  const text = await response.text();
  const keys = text
    .slice(0, LONGEST_ANSWER)
    .split('\n')
    .slice(0, MOST_KEYS)
    .flatMap((line) => {
      const [type = '', base64 = ''] = line.trim().split(' ');
      const key = v.safeParse(PublicKey, `${type} ${base64} github:${user}`);
      return key.success ? [key.output] : [];
    });
  if (keys.length === 0) return problem(404, `The GitHub account "${user}" has no public key that OpenSSH knows.`);
  if (held.size > 500) held.clear();
  held.set(user, { keys, at: Date.now() });
  return keys;
}
