import * as v from 'valibot';
import { KernelParam } from './image.ts';

/**
 * Longest customisation in an address, in characters. Servers and proxies commonly take request lines of 8 KB, and the rest of an
 * address needs its share; iPXE has no limit of its own.
 */
const LONGEST = 7000;
/** Each is one question to its forge. Keys are limited by the length alone. */
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
  v.maxLength(1500, 'longer than a public key is'),
  v.regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( [!-~]+)*$/, 'not a line of an OpenSSH .pub file'),
  v.check((line) => {
    const [type = '', base64 = ''] = line.split(' ');
    return KEY_TYPES.some((known) => known === type) && holdsType(type, base64);
  }, 'not a public key that OpenSSH knows'),
  v.brand('PublicKey'),
);
export type PublicKey = v.InferOutput<typeof PublicKey>;

/**
 * Kernel parameters separated by single spaces. Linux takes 2,048 bytes on x86_64 and aarch64 (COMMAND_LINE_SIZE), with a NUL at their end;
 * what is left belongs to the image (its `init` and consoles, about 250), to the consoles that `kexec/run` adds, and to who boots it.
 */
export const ExtraCmdline = v.pipe(
  v.string(),
  v.maxLength(1500, 'longer than 1500 characters'),
  v.check(
    (text) => text.split(' ').every((param) => v.is(KernelParam, param)),
    'no list of kernel parameters with single blanks between them, without quotes, $ and backticks',
  ),
  v.brand('ExtraCmdline'),
);
export type ExtraCmdline = v.InferOutput<typeof ExtraCmdline>;

/** Parameters that the booted system itself obeys (docs/images.md), wherever it finds them: on its command line, or in a customisation. */
const OBEYED_BY_SYSTEM = /^(?:ip|nameserver|vlan|bond|bridge|ifname|rd\.route|rd\.peerdns|live\.nixos\.\w+)=/;

/** The parameters that only the kernel's own command line can bring; what the booted system finds in the customisation is left out. */
export function kernelsOwn(cmdline: ExtraCmdline): string {
  const words = cmdline.split(' ');
  return words.filter((word) => !OBEYED_BY_SYSTEM.test(word)).join(' ');
}

/** A host name without a domain (RFC 1123, section 2.1), in lower case. */
export const HostName = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'no host name: 63 letters, digits and inner dashes at most, without a domain',
  ),
  v.brand('HostName'),
);
export type HostName = v.InferOutput<typeof HostName>;

/**
 * Hashes of passwords (crypt(5)) that NixOS's libxcrypt takes, which is built with the strong methods alone: yescrypt and its variant with
 * GOST, scrypt, bcrypt, SHA-512. Their cost is what mkpasswd makes by itself or more (bcrypt's would be 5), and no login takes minutes by it.
 */
const HASHES = [
  /^\$g?y\$j[9A-D]T\$[./A-Za-z0-9]{8,86}\$[./A-Za-z0-9]{43}$/,
  /^\$7\$[C-E]U\.{4}\/\.{4}[./A-Za-z0-9]{8,86}\$[./A-Za-z0-9]{43}$/,
  /^\$2[aby]\$1[0-6]\$[./A-Za-z0-9]{53}$/,
  /^\$6\$(?:rounds=(?:[5-9]\d{3}|\d{5,6}|[1-4]\d{6})\$)?[./A-Za-z0-9]{8,16}\$[./A-Za-z0-9]{86}$/,
];

/** The hash of a password as `mkpasswd` prints it. */
export const PasswordHash = v.pipe(
  v.string(),
  v.check(
    (text) => HASHES.some((hash) => hash.test(text)),
    'no hash of a password as strong as mkpasswd -m yescrypt makes one ($y$, $gy$, $7$ or $6$; $2b$ with a cost of 10 or more)',
  ),
  v.brand('PasswordHash'),
);
export type PasswordHash = v.InferOutput<typeof PasswordHash>;

/** Where accounts are whose public keys anybody may ask for, by the word that an address has for the place; and how they are named there. */
const ACCOUNT_NAMES = {
  github: accountName(true, /^[a-z0-9](-?[a-z0-9])*$/, 39, 'a GitHub account'),
  // Asked for by other capitals than its own, GitLab sends elsewhere.
  gitlab: accountName(false, /^\w([.-]?\w)*$/, 255, 'a GitLab account'),
  codeberg: accountName(true, /^[a-z0-9]([-._]?[a-z0-9])*$/, 40, 'a Codeberg account'),
  sourcehut: accountName(false, /^[a-z_][a-z0-9_-]+$/, 30, 'a SourceHut account (without ~)'),
} as const;

function accountName(folded: boolean, name: RegExp, longest: number, what: string) {
  const text = folded ? v.pipe(v.string(), v.toLowerCase()) : v.string();
  const why = `not the name of ${what}`;
  return v.pipe(text, v.maxLength(longest, why), v.regex(name, why), v.brand('AccountName'));
}

export const FORGES = ['github', 'gitlab', 'codeberg', 'sourcehut'] as const;
export type Forge = (typeof FORGES)[number];
type AccountName = v.InferOutput<(typeof ACCOUNT_NAMES)[Forge]>;

/** An account whose public keys are asked for when an address with it is. */
export interface Account {
  readonly forge: Forge;
  readonly user: AccountName;
}

/** Reads the name of an account. @throws ValiError if it can be none. */
export function account(forge: Forge, name: string): Account {
  return { forge, user: v.parse(ACCOUNT_NAMES[forge], name) };
}

/** A customisation when the keys of its accounts are looked up: all that the booted system is told. */
export interface ResolvedCustomisation {
  /** Public keys that may log in as root. */
  readonly keys: readonly PublicKey[];
  readonly cmdline: ExtraCmdline | undefined;
  readonly hostname: HostName | undefined;
  /** Of root. */
  readonly passwordHash: PasswordHash | undefined;
}

/** What an address adds to an image: at least one of these. */
export interface Customisation extends ResolvedCustomisation {
  /** Accounts whose public keys may log in as root. */
  readonly accounts: readonly Account[];
}

/** A customisation that adds nothing. */
export const NO_CUSTOMISATION: Customisation = {
  accounts: [],
  keys: [],
  cmdline: undefined,
  hostname: undefined,
  passwordHash: undefined,
};

/** A customisation, or in a few words why the text is none. */
export type ParsedCustomisation =
  | { readonly ok: true; readonly customisation: Customisation }
  | { readonly ok: false; readonly why: string };

/** What an item makes of a customisation; or why its value is none. */
type ReadItem = (before: Customisation, value: string) => Customisation | string;

const TWICE = 'given twice';

const ITEMS: ReadonlyMap<string, ReadItem> = new Map<string, ReadItem>([
  ...FORGES.map((forge): [string, ReadItem] => [
    forge,
    (before, value) =>
      readAs(ACCOUNT_NAMES[forge], value, (user) => ({ ...before, accounts: [...before.accounts, { forge, user }] })),
  ]),
  ['key', (before, value) => readAs(PublicKey, decoded(value), (key) => ({ ...before, keys: [...before.keys, key] }))],
  [
    'cmdline',
    (before, value) =>
      readAs(ExtraCmdline, decoded(value), (cmdline) =>
        before.cmdline === undefined ? { ...before, cmdline } : TWICE,
      ),
  ],
  [
    'hostname',
    (before, value) =>
      readAs(HostName, value, (hostname) => (before.hostname === undefined ? { ...before, hostname } : TWICE)),
  ],
  [
    'password',
    (before, value) =>
      readAs(PasswordHash, decoded(value), (passwordHash) =>
        before.passwordHash === undefined ? { ...before, passwordHash } : TWICE,
      ),
  ],
]);

/** What is made of a text's value by a schema; or why it has none. */
function readAs<Schema extends v.GenericSchema>(
  schema: Schema,
  text: string | undefined,
  use: (value: v.InferOutput<Schema>) => Customisation | string,
): Customisation | string {
  if (text === undefined) return 'not base64url';
  const value = v.safeParse(schema, text);
  return value.success ? use(value.output) : value.issues[0].message;
}

/** Reads `github:alice,key:<base64url>,cmdline:<base64url>,hostname:<name>,password:<base64url>`. */
export function parseCustomisation(text: string): ParsedCustomisation {
  if (text.length > LONGEST) return refuse(`it is longer than ${LONGEST} characters`);
  let customisation = NO_CUSTOMISATION;
  for (const item of text.split(',')) {
    const colon = item.indexOf(':');
    const name = item.slice(0, Math.max(colon, 0));
    const read = ITEMS.get(name);
    if (read === undefined) {
      const accounts = FORGES.map((forge) => `${forge}:<account>`).join(', ');
      return refuse(
        `an item is none of ${accounts}, key:<base64url>, cmdline:<base64url>, hostname:<name>, password:<base64url>`,
      );
    }
    const after = read(customisation, item.slice(colon + 1));
    if (typeof after === 'string') return refuse(`${name}: is ${after}`);
    customisation = after;
  }
  if (customisation.accounts.length > MOST_ACCOUNTS) return refuse(`it has more than ${MOST_ACCOUNTS} accounts`);
  return { ok: true, customisation };
}

function refuse(why: string): ParsedCustomisation {
  return { ok: false, why };
}

/** The canonical text of a customisation; `parseCustomisation` reads it back as the same. */
export function formatCustomisation({ accounts, keys, cmdline, hostname, passwordHash }: Customisation): string {
  return [
    ...accounts.map(({ forge, user }) => `${forge}:${user}`),
    ...keys.map((key) => `key:${toBase64Url(key)}`),
    ...(cmdline === undefined ? [] : [`cmdline:${toBase64Url(cmdline)}`]),
    ...(hostname === undefined ? [] : [`hostname:${hostname}`]),
    ...(passwordHash === undefined ? [] : [`password:${toBase64Url(passwordHash)}`]),
  ].join(',');
}

function toBase64Url(ascii: string): string {
  return btoa(ascii).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** A text without the end of its line; undefined if it is no base64url. Padding is optional. */
function decoded(text: string): string | undefined {
  if (!/^[\w-]+={0,2}$/.test(text)) return undefined;
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/')).trimEnd();
  } catch {
    return undefined;
  }
}
