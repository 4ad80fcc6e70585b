import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import * as v from 'valibot';

const JsonSchema = v.record(v.string(), v.unknown());
const Description = v.object({
  /** One error or message of an answer. */
  information: JsonSchema,
  operations: v.array(
    v.object({
      operation: v.string(),
      method: v.string(),
      path: v.string(),
      request: v.optional(JsonSchema),
      result: v.optional(JsonSchema),
    }),
  ),
});

/** What wrangler asks and Cloudflare describes nowhere; and what it asks to explain a refusal to a person, which is refused as well. */
const UNDESCRIBED: readonly RegExp[] = [
  /^\/accounts\/\w+\/workers\/services\/[^/]+$/,
  /^\/accounts\/\w+\/workers\/scripts\/[^/]+\/domains\/(changeset|records)$/,
  /^\/user$/,
];

/** The same among the members of requests. */
const UNDESCRIBED_MEMBERS: ReadonlySet<string> = new Set(['code_update_strategy']);

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly request: { readonly check: ValidateFunction; readonly names: readonly string[] } | undefined;
  readonly result: ValidateFunction | undefined;
}

/** A request of the API, and what was answered to it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** Parsed JSON, or the metadata of an upload; undefined if there was none. */
  readonly requestBody: unknown;
  readonly answer: { readonly success: boolean; readonly errors: readonly object[]; readonly result: unknown };
}

/** Cloudflare's description of its API, to hold requests and answers against. */
export class Contract {
  readonly #operations: readonly Operation[];
  readonly #information: ValidateFunction;

  private constructor(operations: readonly Operation[], information: ValidateFunction) {
    this.#operations = operations;
    this.#information = information;
  }

  static async load(): Promise<Contract> {
    const text = await readFile(join(import.meta.dirname, '../description/api.json'), 'utf8');
    const { information, operations } = v.parse(Description, JSON.parse(text));
    const ajv = new Ajv({ allErrors: true, strict: false });
    return new Contract(
      operations.map(({ operation, method, path, request, result }) => ({
        name: operation,
        method,
        path: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
        request: request && {
          check: ajv.compile(request),
          names: Object.keys(v.parse(v.object({ properties: JsonSchema }), request).properties),
        },
        result: result && ajv.compile(result),
      })),
      ajv.compile(information),
    );
  }

  /** Everything in which an exchange differs from what Cloudflare describes, one sentence each; empty if nothing does. */
  differences({ method, path, requestBody, answer }: Exchange): string[] {
    if (UNDESCRIBED.some((pattern) => pattern.test(path))) return [];
    const operation = this.#operations.find((known) => known.method === method && known.path.test(path));
    if (operation === undefined) return [`${method} ${path} is not described by Cloudflare`];
    const found: string[] = [];
    const hold = (what: string, check: ValidateFunction, value: unknown): void => {
      if (check(value)) return;
      for (const { instancePath, message } of check.errors ?? []) {
        found.push(`${operation.name}: ${what}${instancePath} ${message}`);
      }
    };
    if (operation.request !== undefined) {
      hold('the request', operation.request.check, requestBody);
      for (const name of Object.keys(v.parse(v.optional(JsonSchema, {}), requestBody))) {
        if (operation.request.names.includes(name) || UNDESCRIBED_MEMBERS.has(name)) continue;
        found.push(`${operation.name}: there is no request member ${name}`);
      }
    } else if (requestBody !== undefined) found.push(`${operation.name}: takes no request body`);
    for (const error of answer.errors) hold('an error', this.#information, error);
    if (answer.success && operation.result !== undefined) hold('the result', operation.result, answer.result);
    return found;
  }
}
