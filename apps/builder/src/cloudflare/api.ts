import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import { isTransient, PATIENT, persist, type RetryPolicy, type Try } from '../retry.ts';
import { type ApiToken, HOW_TO_MAKE_ONE } from './api-token.ts';

const BASE = 'https://api.cloudflare.com/client/v4';
/** Wrangler's own name for another address of the API. */
const BASE_VARIABLE = 'CLOUDFLARE_API_BASE_URL';

/** Silence after which a request is given up, in milliseconds. */
const SILENCE = 30_000;

/** Cloudflare's numbers for what went wrong, as far as something is to be said about them. */
export const CODE = {
  invalidToken: 1000,
  malformedToken: 6003,
  unknownToken: 9109,
  noSuchAccount: 7003,
  notAllowed: 10000,
  bucketExists: 10004,
  noSuchBucket: 10006,
  /** Of Workers and of subdomains of workers.dev. */
  noSuchWorker: 10007,
  subdomainTaken: 10031,
  r2NotEnabled: 10042,
  countsNotEnabled: 10089,
} as const;

const BAD_TOKEN: readonly number[] = [CODE.invalidToken, CODE.malformedToken, CODE.unknownToken];

/** What surrounds every answer of the API. */
const Envelope = v.object({
  success: v.boolean(),
  errors: v.array(v.object({ code: v.number(), message: v.string() })),
  result: v.optional(v.unknown()),
});

export interface ApiRequest<Schema extends v.GenericSchema> {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the API's base, such as `/user/tokens/verify`. */
  readonly path: string;
  readonly body?: object;
  /** What the `result` of an answer is. */
  readonly result: Schema;
  /** The permission that the request needs, as the dashboard calls it. */
  readonly permission: string;
  /** Codes that the caller understands; any other is thrown. */
  readonly accept?: readonly number[];
}

/** An answer: a result, or a code that the caller said to understand. */
export type ApiAnswer<Result> = { readonly result: Result } | { readonly code: number };

export interface ApiSettings {
  readonly token: ApiToken;
  readonly signal: AbortSignal;
  readonly base?: string;
  readonly retry?: RetryPolicy;
}

/** Requests to Cloudflare's API: one place for retries, and for the words for what went wrong. */
export class CloudflareApi {
  readonly token: ApiToken;
  readonly #signal: AbortSignal;
  readonly #base: string;
  readonly #retry: RetryPolicy;

  constructor({ token, signal, base = process.env[BASE_VARIABLE] || BASE, retry = PATIENT }: ApiSettings) {
    this.token = token;
    this.#signal = signal;
    this.#base = base;
    this.#retry = retry;
  }

  /** Sends a request, and repeats it while it fails for a passing reason. Every request here may be made twice. */
  async send<Schema extends v.GenericSchema>(request: ApiRequest<Schema>): Promise<ApiAnswer<v.InferOutput<Schema>>> {
    return persist(this.#retry, this.#signal, () => this.#try(request));
  }

  async #try<Schema extends v.GenericSchema>(
    request: ApiRequest<Schema>,
  ): Promise<Try<ApiAnswer<v.InferOutput<Schema>>>> {
    const { method, path, body, accept = [] } = request;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#base}${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${this.token.value}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(SILENCE)]),
      });
      text = await response.text();
    } catch (cause) {
      this.#signal.throwIfAborted();
      return { failure: this.#unreachable(cause) };
    }
    const envelope = v.safeParse(Envelope, jsonIn(text));
    const errors = envelope.success ? envelope.output.errors : [];
    const understood = errors.find(({ code }) => accept.includes(code));
    if (understood !== undefined) return { done: { code: understood.code } };
    if (isTransient(response.status)) {
      const failure = new Failure(`Cloudflare answered ${response.status} to ${method} ${path}.`, {
        remedy: 'Wait a little and run the same command again: it goes on where it stopped.',
      });
      return { failure, retryAfter: response.headers.get('retry-after') ?? undefined };
    }
    if (!response.ok || !envelope.success || !envelope.output.success) {
      throw this.#refused(request, response.status, errors);
    }
    const result = v.safeParse(request.result, envelope.output.result);
    if (result.success) return { done: { result: result.output } };
    const [issue] = result.issues;
    throw new Failure(`Cloudflare's answer to ${method} ${path} is not understood: ${issue.message}.`, {
      remedy: 'Its API may have changed: look for a newer version of this program.',
    });
  }

  #unreachable(cause: unknown): Failure {
    return new Failure(`Cloudflare's API at ${new URL(this.#base).host} cannot be reached.`, {
      remedy: 'Check the network, then run the same command again: it goes on where it stopped.',
      cause,
    });
  }

  #refused(
    { method, path, permission }: Pick<ApiRequest<v.GenericSchema>, 'method' | 'path' | 'permission'>,
    status: number,
    errors: readonly { readonly code: number; readonly message: string }[],
  ): Failure {
    const [first] = errors;
    const said = first === undefined ? '' : `: ${first.message} (code ${first.code})`;
    return new Failure(
      this.token.redact(`Cloudflare answered ${status} to ${method} ${path}${said}`).replace(/\.*$/, '.'),
      {
        remedy: remedyFor(first?.code, status, permission),
        exitCode: status === 401 || status === 403 || status === 404 ? EXIT.usage : EXIT.failed,
      },
    );
  }
}

/** What the user can do about an error of the API, by its code. */
export function remedyFor(code: number | undefined, status: number, permission: string): string {
  if (code === CODE.r2NotEnabled)
    return 'Switch R2 on in the dashboard (it asks for a means of payment), then run the same command again.';
  if (code === CODE.countsNotEnabled) {
    return 'Switch Analytics Engine on in the dashboard, or go without counts: take analytics_engine_datasets out of wrangler.jsonc.';
  }
  if (code === CODE.noSuchAccount)
    return "Check the account id: it is the part of the dashboard's address behind dash.cloudflare.com/.";
  if (code !== undefined && BAD_TOKEN.includes(code))
    return `The token is wrong, or was rolled or deleted. ${HOW_TO_MAKE_ONE}`;
  if (code === CODE.notAllowed || status === 401 || status === 403) {
    return `Give the token the permission "${permission}" on this account, and check that the account id is the right one.`;
  }
  return 'Run the same command again; it goes on where it stopped.';
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
