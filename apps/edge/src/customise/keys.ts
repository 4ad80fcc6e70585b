import {
  type Account,
  type Customisation,
  type Forge,
  formatCustomisation,
  PublicKey,
  parseCustomisation,
  type ResolvedCustomisation,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { Memory } from '../objects.ts';
import { isProblem, type Problem, problem } from '../problem.ts';
import type { Settings } from '../settings.ts';

/** An account's keys are used for so long before they are asked for again, in milliseconds. */
const FRESH = 60_000;
/** Longest wait for a forge, in milliseconds; a person waits for the answer. */
const PATIENCE = 5_000;
/** A person has a handful of keys. */
const MOST_KEYS = 20;
/** Bytes: twenty of the longest keys that `PublicKey` takes. */
const LONGEST_ANSWER = 30_000;

/** How a forge is asked for the public keys of an account. */
interface Source {
  readonly name: string;
  readonly origin: (settings: Settings) => string;
  readonly path: (user: string) => string;
  /** Statuses that say that there is no such account; every other failure is one that may pass. */
  readonly absent: readonly number[];
  /** Where its owner adds keys. */
  readonly addedAt: string;
}

const SOURCES: Readonly<Record<Forge, Source>> = {
  github: {
    name: 'GitHub',
    origin: ({ GITHUB_ORIGIN }) => GITHUB_ORIGIN,
    path: (user) => `/${user}.keys`,
    absent: [404],
    addedAt: 'https://github.com/settings/keys',
  },
  gitlab: {
    name: 'GitLab',
    origin: ({ GITLAB_ORIGIN }) => GITLAB_ORIGIN,
    path: (user) => `/${user}.keys`,
    // Sends on to its login page, or to the name in its own capitals.
    absent: [404, 301, 302],
    addedAt: 'https://gitlab.com/-/user_settings/ssh_keys',
  },
  codeberg: {
    name: 'Codeberg',
    origin: ({ CODEBERG_ORIGIN }) => CODEBERG_ORIGIN,
    path: (user) => `/${user}.keys`,
    absent: [404],
    addedAt: 'https://codeberg.org/user/settings/keys',
  },
  sourcehut: {
    name: 'SourceHut',
    origin: ({ SOURCEHUT_ORIGIN }) => SOURCEHUT_ORIGIN,
    path: (user) => `/~${user}.keys`,
    absent: [404],
    addedAt: 'https://meta.sr.ht/keys',
  },
};

const accounts = new Memory<readonly PublicKey[] | Problem>(500, (keys) => (isProblem(keys) ? 0 : FRESH));

/** Looks up the keys of a customisation's accounts. */
export async function resolveCustomisation(
  { accounts: named, ...added }: Customisation,
  settings: Settings,
): Promise<ResolvedCustomisation | Problem> {
  const found = await Promise.all(
    named.map((account) =>
      accounts.recall(`${account.forge}:${account.user}`, () => keysOf(account, SOURCES[account.forge], settings)),
    ),
  );
  const fault = found.find(isProblem);
  return fault ?? { ...added, keys: [...added.keys, ...found.flatMap((known) => (isProblem(known) ? [] : known))] };
}

/**
 * The customisation that has the looked-up keys themselves in the place of accounts. What one answer makes another address of needs
 * this: asked again, a forge may fail or give other keys than the ones that were shown.
 */
export function pinnedCustomisation(resolved: ResolvedCustomisation): Customisation | Problem {
  const pinned: Customisation = { ...resolved, accounts: [] };
  const read = parseCustomisation(formatCustomisation(pinned));
  if (read.ok) return pinned;
  return problem(
    400,
    `The keys of these accounts do not fit into one address (${read.why}). Name the keys that you need with key: instead.`,
  );
}

/** The public keys of an account, each with the account as comment. */
async function keysOf(
  { forge, user }: Account,
  { name, origin, path, absent, addedAt }: Source,
  settings: Settings,
): Promise<readonly PublicKey[] | Problem> {
  const answer = await ask(`${origin(settings)}${path(user)}`, absent);
  if (answer === 'absent') {
    const capitals = forge === 'gitlab' ? ', with these capitals' : '';
    return problem(404, `${name} knows no account "${user}"${capitals}.`);
  }
  if (answer === 'unavailable')
    return problem(503, `${name} cannot be asked for keys just now; please try again in a minute.`);
  const lines = answer === 'too-long' ? [] : answer.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  // Leaving some out could be leaving out the one that its owner has at hand.
  if (answer === 'too-long' || lines.length > MOST_KEYS) {
    return problem(
      400,
      `The ${name} account "${user}" has more than ${MOST_KEYS} keys. Name the keys that you need with key: instead.`,
    );
  }
  const keys = lines.flatMap((line) => {
    const [type = '', base64 = ''] = line.trim().split(' ');
    const key = v.safeParse(PublicKey, `${type} ${base64} ${forge}:${user}`);
    return key.success ? [key.output] : [];
  });
  if (lines.length === 0) {
    return problem(404, `The ${name} account "${user}" has no public keys; they are added at ${addedAt}.`);
  }
  if (keys.length === 0) return problem(404, `The ${name} account "${user}" has no public key that OpenSSH knows.`);
  return keys;
}

/** A text from a forge, within bounds of time and size. */
async function ask(url: string, absent: readonly number[]): Promise<string | 'absent' | 'unavailable' | 'too-long'> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE) });
    if (response.status === 200) return await textOf(response);
    await response.body?.cancel();
    return absent.includes(response.status) ? 'absent' : 'unavailable';
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

/** What a customisation changes about the system, a line each: whoever is about to boot it must see whose keys it lets in. */
export async function noticeOf(added: ResolvedCustomisation): Promise<string[]> {
  const whose = await Promise.all(added.keys.map(fingerprintOf));
  return [
    ...whose.map(({ type, fingerprint, comment }) => `root login for ${type} ${fingerprint} ${comment}`),
    ...otherNoticeOf(added),
  ];
}

/** More lines than this would push the choices off the screen. The image's own script shows every key before it loads anything. */
const MOST_SHOWN = 6;

/** The same for a menu, whose lines have 74 columns: who comes first, and then the fingerprint. */
export async function menuNoticeOf(added: ResolvedCustomisation): Promise<string[]> {
  const { keys, cmdline } = added;
  const whose = await Promise.all(keys.slice(0, MOST_SHOWN).map(fingerprintOf));
  return [
    ...(keys.length === 0 ? [] : ['CUSTOMISED: root login for']),
    ...whose.map(({ type, fingerprint, comment }) => `= ${comment || type} ${fingerprint}`),
    ...(keys.length > MOST_SHOWN ? [`= ${keys.length - MOST_SHOWN} more keys, listed before anything is loaded`] : []),
    ...otherNoticeOf(added).map((line) => `CUSTOMISED: ${line}`),
    ...(cmdline === undefined ? [] : [`CUSTOMISED: kernel parameters ${cmdline}`]),
  ];
}

function otherNoticeOf({ hostname, passwordHash }: ResolvedCustomisation): string[] {
  return [
    ...(passwordHash === undefined ? [] : ['root login with a password of who made this link']),
    ...(hostname === undefined ? [] : [`host name ${hostname}`]),
  ];
}
