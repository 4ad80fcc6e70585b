import {
  type Account,
  ARCHES,
  type Arch,
  account,
  type Customisation,
  ExtraCmdline,
  FORGES,
  type Forge,
  formatCustomisation,
  HostName,
  PasswordHash,
  PublicKey,
  parseArch,
  parseCustomisation,
  Ref,
  Variant,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { FIRMWARES, type Firmware, HAVES, type Have } from '../ways/way.ts';
import { networkParameters } from './fixed-network.ts';

/** The fields of the form, by their names in the page's address. */
export const FIELDS = [
  'have',
  'arch',
  'firmware',
  'memory',
  'channel',
  'variant',
  'github',
  'key',
  'password',
  'hostname',
  'address',
  'gateway',
  'nameserver',
  'port',
  'cmdline',
] as const;
export type Field = (typeof FIELDS)[number];

/** How much memory a machine may be said to have, in MiB. */
export const MEMORIES = [512, 1024, 2048, 4096, 8192] as const;

/** What somebody chose; what is left open has what most people need. */
export interface Choice {
  readonly have: Have;
  readonly arch: Arch;
  readonly firmware: Firmware | undefined;
  /** MiB. */
  readonly memory: number | undefined;
  readonly ref: Ref | undefined;
  readonly variant: Variant | undefined;
  readonly customisation: Customisation | undefined;
}

/** What is wrong with a field, in one sentence that says what would be right. */
export interface Fault {
  readonly field: Field;
  readonly sentence: string;
}

/** The form as it was filled in. */
export interface Filled {
  /** What stands in each field; empty where nothing does. */
  readonly given: Readonly<Record<Field, string>>;
  readonly choice: Choice;
  readonly faults: readonly Fault[];
}

/** Reads the query of the page's address. Nothing of it is an error of the request: what cannot be read is said at its field. */
export function readChoice(query: URLSearchParams): Filled {
  const faults: Fault[] = [];
  const fault = (field: Field, sentence: string): undefined => {
    faults.push({ field, sentence });
    return undefined;
  };
  const textOf = (field: Field) => (query.get(field) ?? '').trim();
  const given = {
    have: textOf('have'),
    arch: textOf('arch'),
    firmware: textOf('firmware'),
    memory: textOf('memory'),
    channel: textOf('channel'),
    variant: textOf('variant'),
    github: textOf('github'),
    key: textOf('key'),
    password: textOf('password'),
    hostname: textOf('hostname'),
    address: textOf('address'),
    gateway: textOf('gateway'),
    nameserver: textOf('nameserver'),
    port: textOf('port'),
    cmdline: textOf('cmdline'),
  };
  /** One of a list; undefined where nothing is given. */
  const oneOf = <Word extends string>(field: Field, words: readonly Word[]): Word | undefined => {
    if (given[field] === '') return undefined;
    return words.find((word) => word === given[field]) ?? fault(field, `Choose one of these: ${words.join(', ')}.`);
  };
  const parsed = <Schema extends v.GenericSchema>(field: Field, schema: Schema, sentence?: string) =>
    given[field] === '' ? undefined : read(schema, given[field], (why) => fault(field, sentence ?? `This is ${why}.`));

  const arch = given.arch === '' ? ARCHES[0] : parseArch(given.arch);
  if (arch === undefined) fault('arch', `There are images for these only: ${ARCHES.join(', ')}.`);
  const memory = oneOf('memory', MEMORIES.map(String));
  const accounts = accountsIn(given.github, (sentence) => fault('github', sentence));
  const keys = keysIn(given.key, (sentence) => fault('key', sentence));
  // A private key must not come back in a page either.
  const shown = isPrivate(given.key) ? { ...given, key: '' } : given;
  const network = networkParameters(given);
  if (!network.ok) fault(network.field, network.sentence);
  const words = [...(network.ok ? network.parameters : []), ...(given.cmdline === '' ? [] : [given.cmdline])].join(' ');
  const customisation: Customisation = {
    accounts,
    keys,
    cmdline: words === '' ? undefined : read(ExtraCmdline, words, (why) => fault('cmdline', `This is ${why}.`)),
    hostname: parsed('hostname', HostName),
    passwordHash: parsed('password', PasswordHash),
  };
  const text = formatCustomisation(customisation);
  if (faults.length === 0 && text !== '') {
    const whole = parseCustomisation(text);
    if (!whole.ok)
      fault(keys.length > 0 ? 'key' : 'github', `All of this does not fit into one address: ${whole.why}.`);
  }
  const choice: Choice = {
    have: oneOf('have', HAVES) ?? 'linux',
    arch: arch ?? ARCHES[0],
    firmware: oneOf('firmware', FIRMWARES),
    memory: memory === undefined ? undefined : Number(memory),
    ref: parsed('channel', Ref, 'This is no name of a channel or version, such as unstable, 26.05.'),
    variant: parsed('variant', Variant, 'This is no name of a variant.'),
    customisation: text === '' ? undefined : customisation,
  };
  return { given: shown, choice, faults };
}

/** What a text is by a schema; `wrong` is told why it is nothing. */
function read<Schema extends v.GenericSchema>(schema: Schema, text: string, wrong: (why: string) => undefined) {
  const result = v.safeParse(schema, text);
  return result.success ? result.output : wrong(result.issues[0].message);
}

/** Accounts as people write them, GitHub's unless another place stands before the name; with `@` or the address of GitHub, too. */
function accountsIn(text: string, fault: (sentence: string) => void): Account[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  return names.flatMap((name) => {
    const place = FORGES.find((forge) => name.startsWith(`${forge}:`));
    const plain = name
      .slice(place === undefined ? 0 : place.length + 1)
      .replace(/^(?:https:\/\/github\.com\/|[@~])/, '');
    try {
      return [account(place ?? 'github', plain)];
    } catch {
      fault(`“${name.slice(0, 40)}” is not the name of ${ACCOUNT_WORDS[place ?? 'github']}.`);
      return [];
    }
  });
}

const ACCOUNT_WORDS: Readonly<Record<Forge, string>> = {
  github: 'a GitHub account',
  gitlab: 'a GitLab account',
  codeberg: 'a Codeberg account',
  sourcehut: 'a SourceHut account',
};

/** Lines of `.pub` files. */
function keysIn(text: string, fault: (sentence: string) => void): PublicKey[] {
  if (isPrivate(text)) {
    fault('This is a private key, which nobody but you may have. Paste the line of the file that ends in .pub.');
    return [];
  }
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.flatMap((line, index) => {
    const key = v.safeParse(PublicKey, line);
    if (key.success) return [key.output];
    const which = lines.length === 1 ? 'This' : `Line ${index + 1}`;
    fault(
      `${which} is ${key.issues[0].message}: one line such as “ssh-ed25519 AAAA… name”, without options before it.`,
    );
    return [];
  });
}

function isPrivate(text: string): boolean {
  return text.includes('PRIVATE KEY');
}
