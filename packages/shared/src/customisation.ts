import * as v from 'valibot';
import { KernelParam } from './image.ts';

/**
 * Longest customisation in an address, in characters. Servers and proxies commonly take request lines of 8 KB, and the rest of an
 * address needs its share; iPXE has no limit of its own.
 */
const LONGEST = 7000;
/** Each is one question to GitHub. Keys are limited by the length alone. */
const MOST_ACCOUNTS = 8;

/** Types of key that OpenSSH writes into an authorized_keys file. */
const KEY_TYPES = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
] as const;

/** True if the base64 of a public key holds a key of the type that stands before it (RFC 4253, section 6.6). */
function holdsType(type: string, base64: string): boolean {
  let blob: string;
  try {
    blob = atob(base64);
  } catch {
    return false;
  }
  const length = [...blob.slice(0, 4)].reduce((sum, byte) => sum * 256 + byte.charCodeAt(0), 0);
  return blob.length > 4 + length && length === type.length && blob.slice(4, 4 + length) === type;
}

/** One public key as OpenSSH writes it: type, base64, comment. No options: `command=` and the like are refused. */
export const PublicKey = v.pipe(
  v.string(),
  v.maxLength(1500),
  v.regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( [!-~]+)*$/, 'not a line of an OpenSSH .pub file'),
  v.check((line) => {
    const [type = '', base64 = ''] = line.split(' ');
    return KEY_TYPES.some((known) => known === type) && holdsType(type, base64);
  }, 'not a public key that OpenSSH knows'),
  v.brand('PublicKey'),
);
export type PublicKey = v.InferOutput<typeof PublicKey>;

/** Kernel parameters separated by single spaces; short, because long command lines hang some iPXE builds. */
export const ExtraCmdline = v.pipe(
  v.string(),
  v.maxLength(200),
  v.check((text) => text.split(' ').every((param) => v.is(KernelParam, param)), 'not kernel parameters'),
  v.brand('ExtraCmdline'),
);
export type ExtraCmdline = v.InferOutput<typeof ExtraCmdline>;

/** Name of a GitHub account, in lower case. */
export const GithubUser = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.regex(/^[a-z0-9](-?[a-z0-9])*$/, 'not the name of a GitHub account'),
  v.maxLength(39),
  v.brand('GithubUser'),
);
export type GithubUser = v.InferOutput<typeof GithubUser>;

/** What an address adds to an image: at least one of these. */
export interface Customisation {
  /** Accounts whose public keys may log in as root. */
  readonly github: readonly GithubUser[];
  /** Public keys that may log in as root. */
  readonly keys: readonly PublicKey[];
  readonly cmdline: ExtraCmdline | undefined;
}

/** A customisation, or in a few words why the text is none. */
export type ParsedCustomisation =
  | { readonly ok: true; readonly customisation: Customisation }
  | { readonly ok: false; readonly why: string };

/** Reads `github:alice,key:<base64url>,cmdline:<base64url>`. */
export function parseCustomisation(text: string): ParsedCustomisation {
  if (text.length > LONGEST) return refuse(`it is longer than ${LONGEST} characters`);
  const github: GithubUser[] = [];
  const keys: PublicKey[] = [];
  let cmdline: ExtraCmdline | undefined;
  for (const item of text.split(',')) {
    const colon = item.indexOf(':');
    const [name, value] = [item.slice(0, Math.max(colon, 0)), item.slice(colon + 1)];
    if (name === 'github') {
      const user = v.safeParse(GithubUser, value);
      if (!user.success) return refuse(user.issues[0].message);
      github.push(user.output);
    } else if (name === 'key') {
      const key = v.safeParse(PublicKey, fromBase64Url(value)?.trimEnd());
      if (!key.success) return refuse(`key: is ${key.issues[0].message}`);
      keys.push(key.output);
    } else if (name === 'cmdline') {
      const extra = v.safeParse(ExtraCmdline, fromBase64Url(value)?.trimEnd());
      if (!extra.success || cmdline !== undefined)
        return refuse('cmdline: is no short list of kernel parameters, or given twice');
      cmdline = extra.output;
    } else {
      return refuse('it is none of github:<account>, key:<base64url>, cmdline:<base64url>');
    }
  }
  if (github.length > MOST_ACCOUNTS) return refuse(`it has more than ${MOST_ACCOUNTS} accounts`);
  return { ok: true, customisation: { github, keys, cmdline } };
}

function refuse(why: string): ParsedCustomisation {
  return { ok: false, why };
}

/** The canonical text of a customisation; `parseCustomisation` reads it back as the same. */
export function formatCustomisation({ github, keys, cmdline }: Customisation): string {
  return [
    ...github.map((user) => `github:${user}`),
    ...keys.map((key) => `key:${toBase64Url(key)}`),
    ...(cmdline === undefined ? [] : [`cmdline:${toBase64Url(cmdline)}`]),
  ].join(',');
}

function toBase64Url(ascii: string): string {
  return btoa(ascii).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Undefined if it is no base64url; padding is optional. */
function fromBase64Url(text: string): string | undefined {
  if (!/^[\w-]+={0,2}$/.test(text)) return undefined;
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return undefined;
  }
}
