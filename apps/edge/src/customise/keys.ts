import { type Customisation, type GithubUser, PublicKey, type ResolvedCustomisation } from '@nixos-images/shared';
import * as v from 'valibot';
import { Memory } from '../objects.ts';
import { isProblem, type Problem, problem } from '../problem.ts';

/** An account's keys are used for so long before they are asked for again, in milliseconds. */
const FRESH = 60_000;
/** A person has a handful of keys; longer lists do not fit into an ISO's area anyway. */
const MOST_KEYS = 20;
const LONGEST_ANSWER = 100_000;

const accounts = new Memory<readonly PublicKey[] | Problem>(500, (keys) => (isProblem(keys) ? 0 : FRESH));

/** Looks up the keys of a customisation's accounts. `origin` is GitHub's, such as `https://github.com`. */
export async function resolveCustomisation(
  { github, keys, cmdline }: Customisation,
  origin: string,
): Promise<ResolvedCustomisation | Problem> {
  const all = [...keys];
  for (const user of github) {
    const found = await accounts.recall(user, () => keysOf(user, origin));
    if (isProblem(found)) return found;
    all.push(...found);
  }
  return { keys: all, cmdline };
}

/** The public keys of a GitHub account, each with the account as comment. */
async function keysOf(user: GithubUser, origin: string): Promise<readonly PublicKey[] | Problem> {
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
  return keys;
}

/** Whose key it is, as `ssh-keygen -lf` names it. */
export interface KeyFingerprint {
  readonly type: string;
  /** Such as `SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8`. */
  readonly fingerprint: string;
  readonly comment: string;
}

/** The fingerprint of a public key. */
export async function fingerprintOf(key: PublicKey): Promise<KeyFingerprint> {
  const [type = '', base64 = '', ...comment] = key.split(' ');
  const blob = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', blob));
  const text = btoa(String.fromCharCode(...hash)).replaceAll('=', '');
  return { type, fingerprint: `SHA256:${text}`, comment: comment.join(' ') };
}
