import {
  ARCHES,
  type Arch,
  type Customisation,
  ExtraCmdline,
  formatCustomisation,
  GithubUser,
  PublicKey,
  parseArch,
  parseCustomisation,
  Ref,
  Variant,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { FIRMWARES, type Firmware, HAVES, type Have } from '../ways/way.ts';

/** The fields of the form, by their names in the page's address. */
export const FIELDS = ['have', 'arch', 'firmware', 'memory', 'channel', 'variant', 'github', 'key', 'cmdline'] as const;
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
  const text = (field: Field) => (query.get(field) ?? '').trim();
  const given = {
    have: text('have'),
    arch: text('arch'),
    firmware: text('firmware'),
    memory: text('memory'),
    channel: text('channel'),
    variant: text('variant'),
    github: text('github'),
    key: text('key'),
    cmdline: text('cmdline'),
  };
  /** One of a list; undefined where nothing is given. */
  const oneOf = <Word extends string>(field: Field, words: readonly Word[]): Word | undefined => {
    if (given[field] === '') return undefined;
    return words.find((word) => word === given[field]) ?? fault(field, `Choose one of these: ${words.join(', ')}.`);
  };
  const parsed = <Schema extends v.GenericSchema>(field: Field, schema: Schema, sentence: string) => {
    if (given[field] === '') return undefined;
    const result = v.safeParse(schema, given[field]);
    return result.success ? result.output : fault(field, sentence);
  };

  const arch = given.arch === '' ? ARCHES[0] : parseArch(given.arch);
  if (arch === undefined) fault('arch', `There are images for these only: ${ARCHES.join(', ')}.`);
  const memory = oneOf('memory', MEMORIES.map(String));
  const github = accountsIn(given.github, (sentence) => fault('github', sentence));
  const keys = keysIn(given.key, (sentence) => fault('key', sentence));
  // A private key must not come back in a page either.
  const shown = isPrivate(given.key) ? { ...given, key: '' } : given;
  const cmdline = parsed(
    'cmdline',
    ExtraCmdline,
    'These are no kernel parameters: words with single spaces between them, without quotes, 200 characters at most.',
  );
  const customisation = { github, keys, cmdline };
  if (faults.length === 0 && !isEmpty(customisation)) {
    const read = parseCustomisation(formatCustomisation(customisation));
    if (!read.ok) fault(keys.length > 0 ? 'key' : 'github', `All of this does not fit into one address: ${read.why}.`);
  }
  const choice: Choice = {
    have: oneOf('have', HAVES) ?? 'linux',
    arch: arch ?? ARCHES[0],
    firmware: oneOf('firmware', FIRMWARES),
    memory: memory === undefined ? undefined : Number(memory),
    ref: parsed('channel', Ref, 'This is no name of a channel or version, such as unstable, 26.05.'),
    variant: parsed('variant', Variant, 'This is no name of a variant.'),
    customisation: isEmpty(customisation) ? undefined : customisation,
  };
  return { given: shown, choice, faults };
}

function isEmpty({ github, keys, cmdline }: Customisation): boolean {
  return github.length === 0 && keys.length === 0 && cmdline === undefined;
}

/** Names of accounts as people write them: with `@`, with the address of GitHub, several with commas between them. */
function accountsIn(text: string, fault: (sentence: string) => void): GithubUser[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  return names.flatMap((name) => {
    const user = v.safeParse(GithubUser, name.replace(/^(?:https:\/\/github\.com\/|@)/, ''));
    if (user.success) return [user.output];
    fault(`“${name.slice(0, 40)}” is not the name of a GitHub account: letters, digits and single dashes.`);
    return [];
  });
}

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
