import {
  type Customisation,
  formatCustomisation,
  type GithubUser,
  PublicKey,
  parseCustomisation,
  type ResolvedCustomisation,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { Memory } from '../objects.ts';
import { isProblem, type Problem, problem } from '../problem.ts';

/** An account's keys are used for so long before they are asked for again, in milliseconds. */
const FRESH = 60_000;
/** Longest wait for GitHub, in milliseconds; a person waits for the answer. */
const PATIENCE = 5_000;
/** A person has a handful of keys. */
const MOST_KEYS = 20;
/** Bytes: twenty of the longest keys that `PublicKey` takes. */
const LONGEST_ANSWER = 30_000;

const accounts = new Memory<readonly PublicKey[] | Problem>(500, (keys) => (isProblem(keys) ? 0 : FRESH));

/** Looks up the keys of a customisation's accounts. `origin` is GitHub's, such as `https://github.com`. */
export async function resolveCustomisation(
  { github, keys, cmdline }: Customisation,
  origin: string,
): Promise<ResolvedCustomisation | Problem> {
  const found = await Promise.all(github.map((user) => accounts.recall(user, () => keysOf(user, origin))));
  const fault = found.find(isProblem);
  return fault ?? { keys: [...keys, ...found.flatMap((known) => (isProblem(known) ? [] : known))], cmdline };
}

/**
 * The customisation that has the looked-up keys themselves in the place of accounts. What one answer makes another address of needs
 * this: asked again, GitHub may fail or give other keys than the ones that were shown.
 */
export function pinnedCustomisation({ keys, cmdline }: ResolvedCustomisation): Customisation | Problem {
  const pinned: Customisation = { github: [], keys, cmdline };
  const read = parseCustomisation(formatCustomisation(pinned));
  if (read.ok) return pinned;
  return problem(
    400,
    `The keys of these accounts do not fit into one address (${read.why}). Name the keys that you need with key: instead.`,
  );
}

/** The public keys of a GitHub account, each with the account as comment. */
async function keysOf(user: GithubUser, origin: string): Promise<readonly PublicKey[] | Problem> {
  const answer = await ask(`${origin}/${user}.keys`);
  if (answer === 'absent') return problem(404, `GitHub knows no account "${user}".`);
  if (answer === 'unavailable')
    return problem(503, 'GitHub cannot be asked for keys just now; please try again in a minute.');
  const lines = answer === 'too-long' ? [] : answer.split('\n').filter((line) => line.trim() !== '');
  // Leaving some out could be leaving out the one that its owner has at hand.
  if (answer === 'too-long' || lines.length > MOST_KEYS) {
    return problem(
      400,
      `The GitHub account "${user}" has more than ${MOST_KEYS} keys. Name the keys that you need with key: instead.`,
    );
  }
  const keys = lines.flatMap((line) => {
    const [type = '', base64 = ''] = line.trim().split(' ');
    const key = v.safeParse(PublicKey, `${type} ${base64} github:${user}`);
    return key.success ? [key.output] : [];
  });
  if (lines.length === 0) {
    return problem(
      404,
      `The GitHub account "${user}" has no public keys; they are added at https://github.com/settings/keys.`,
    );
  }
  if (keys.length === 0) return problem(404, `The GitHub account "${user}" has no public key that OpenSSH knows.`);
  return keys;
}

/** A text from GitHub, within bounds of time and size; every failure but a missing account is one that may pass. */
async function ask(url: string): Promise<string | 'absent' | 'unavailable' | 'too-long'> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE) });
    if (response.status === 200) return await textOf(response);
    await response.body?.cancel();
    return response.status === 404 ? 'absent' : 'unavailable';
  } catch {
    return 'unavailable';
  }
}

async function textOf({ body }: Response): Promise<string | 'too-long'> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop cancels the body.
    if (text.length > LONGEST_ANSWER) return 'too-long';
  }
  return text;
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

/** Whose keys a customisation lets in, a line each: whoever is about to boot it must see that. */
export async function noticeOf({ keys }: ResolvedCustomisation): Promise<string[]> {
  const whose = await Promise.all(keys.map(fingerprintOf));
  return whose.map(({ type, fingerprint, comment }) => `root login for ${type} ${fingerprint} ${comment}`);
}
