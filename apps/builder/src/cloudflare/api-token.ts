import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { sha256Hex } from '../digest.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Credentials } from '../s3/credentials.ts';

/** Where wrangler looks for it, too. */
export const TOKEN_VARIABLE = 'CLOUDFLARE_API_TOKEN';

/** A Cloudflare API token. It shows itself only to who asks for its value: printing or logging it says nothing. */
export class ApiToken {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself, for a header or a child's environment. */
  get value(): string {
    return this.#value;
  }

  /** A text of another program without the token, should it stand in it. */
  redact(said: string): string {
    return said.replaceAll(this.#value, '(the token)');
  }

  /** What R2's S3 API takes for this token: its id, and the SHA-256 of its value. The token cannot be had back from that. */
  s3Credentials(id: string): Credentials {
    return { accessKeyId: id, secretAccessKey: sha256Hex(this.#value), sessionToken: undefined };
  }

  toString(): string {
    return '(a Cloudflare API token)';
  }
}

/**
 * Reads the token from a file (`-`: standard input), or from the environment when none is named. It is never an argument: every user of
 * a machine sees those.
 * @throws Failure (exit 2) when there is none.
 */
export async function readToken(file: string | undefined, environment: NodeJS.ProcessEnv): Promise<ApiToken> {
  const from =
    file === undefined ? `the environment variable ${TOKEN_VARIABLE}` : file === '-' ? 'standard input' : file;
  const value = (file === undefined ? (environment[TOKEN_VARIABLE] ?? '') : await readText(file)).trim();
  if (value === '') {
    throw new Failure(`There is no Cloudflare API token in ${from}.`, {
      remedy: `Set ${TOKEN_VARIABLE}, or name a file with --token-file (- for standard input). ${HOW_TO_MAKE_ONE}`,
      exitCode: EXIT.usage,
    });
  }
  // What a header takes (RFC 6750 2.1); anything else was not copied whole, and is not repeated here.
  if (!/^[\w.~+/-]+=*$/.test(value)) {
    throw new Failure(`What is in ${from} is not a Cloudflare API token: it has characters that no token has.`, {
      remedy: 'Copy it again, without anything around it.',
      exitCode: EXIT.usage,
    });
  }
  return new ApiToken(value);
}

/** Where a token comes from, and what it must be allowed. */
export const HOW_TO_MAKE_ONE =
  'Make one in the dashboard under My Profile, API Tokens, with "Workers R2 Storage: Edit" and "Workers Scripts: Edit" on your account.';

async function readText(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  try {
    await using handle = await open(file);
    return await handle.readFile('utf8');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw new Failure(`${file} cannot be read${why}.`, {
      remedy: 'Name the file that holds the token with --token-file.',
      exitCode: EXIT.usage,
      cause,
    });
  }
}
