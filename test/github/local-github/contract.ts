import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import formatsPlugin from 'ajv-formats';
import * as v from 'valibot';

const JsonSchema = v.record(v.string(), v.unknown());
const Content = v.record(v.string(), v.object({ schema: v.optional(JsonSchema) }));
const OperationDescription = v.object({
  operationId: v.string(),
  parameters: v.optional(
    v.array(
      v.object({ name: v.string(), in: v.string(), required: v.optional(v.boolean(), false), schema: JsonSchema }),
    ),
    [],
  ),
  requestBody: v.optional(v.object({ content: Content })),
  responses: v.record(v.string(), v.object({ content: v.optional(Content) })),
});
const Description = v.object({ paths: v.record(v.string(), v.record(v.string(), OperationDescription)) });

/** What GitHub answers when it refuses; its description leaves out 401, 403, 429 and 5xx for most endpoints. */
const REFUSAL = { type: 'object', required: ['message'], properties: { message: { type: 'string' } } };

interface Operation {
  readonly id: string;
  readonly path: RegExp;
  readonly method: string;
  readonly parameters: readonly { name: string; in: string; required: boolean; check: ValidateFunction }[];
  /** Of JSON bodies; undefined where the body is a file or there is none. */
  readonly body: { readonly check: ValidateFunction; readonly names: readonly string[] } | undefined;
  readonly responses: ReadonlyMap<number, ValidateFunction | undefined>;
}

/** A request of the API, or what was answered to it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined if there was none. */
  readonly requestBody: unknown;
  readonly status: number;
  readonly responseBody: unknown;
}

/** GitHub's OpenAPI description of its release endpoints, to hold requests and answers against. */
export class Contract {
  readonly #operations: readonly Operation[];
  readonly #refusal: ValidateFunction;

  private constructor(operations: readonly Operation[], refusal: ValidateFunction) {
    this.#operations = operations;
    this.#refusal = refusal;
  }

  static async load(): Promise<Contract> {
    const text = await readFile(join(import.meta.dirname, '..', 'openapi', 'releases.json'), 'utf8');
    const { paths } = v.parse(Description, JSON.parse(text));
    // OpenAPI 3.0's schemas are JSON Schema with words of their own; coercion is for parameters, which are text.
    const values = new Ajv({ strict: false });
    const texts = new Ajv({ strict: false, coerceTypes: true });
    formatsPlugin.default(values);
    formatsPlugin.default(texts);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]): Operation => {
        const body = described.requestBody?.content['application/json']?.schema;
        return {
          id: described.operationId,
          path: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
          method: method.toUpperCase(),
          parameters: described.parameters.map(({ name, in: where, required, schema }) => ({
            name,
            in: where,
            required,
            check: texts.compile({ type: 'object', properties: { value: schema } }),
          })),
          body: body && {
            check: values.compile(body),
            names: Object.keys(v.parse(v.object({ properties: JsonSchema }), body).properties),
          },
          responses: new Map(
            Object.entries(described.responses).map(([status, { content }]) => {
              const schema = content?.['application/json']?.schema;
              return [Number(status), schema && values.compile(allowingStarter(schema))];
            }),
          ),
        };
      }),
    );
    return new Contract(operations, values.compile(REFUSAL));
  }

  /** Everything in which an exchange differs from what GitHub describes, one sentence each; empty if nothing does. */
  differences({ method, path, query, requestBody, status, responseBody }: Exchange): string[] {
    const operation = this.#operations.find((known) => known.method === method && known.path.test(path));
    if (operation === undefined) return [`${method} ${path} is no release endpoint of GitHub`];
    const found: string[] = [];
    const note = (what: string, check: ValidateFunction): void => {
      for (const { instancePath, message } of check.errors ?? []) {
        found.push(`${operation.id}: ${what}${instancePath} ${message}`);
      }
    };
    const groups = operation.path.exec(path)?.groups ?? {};
    for (const parameter of operation.parameters) {
      const text = parameter.in === 'path' ? groups[parameter.name] : query.get(parameter.name);
      if (text === undefined || text === null) {
        if (parameter.required) found.push(`${operation.id}: the parameter ${parameter.name} is missing`);
      } else if (!parameter.check({ value: text })) note(`parameter ${parameter.name}`, parameter.check);
    }
    for (const name of query.keys()) {
      if (!operation.parameters.some((known) => known.in === 'query' && known.name === name)) {
        found.push(`${operation.id}: there is no query parameter ${name}`);
      }
    }
    if (operation.body !== undefined && requestBody !== undefined) {
      if (!operation.body.check(requestBody)) note('the request body', operation.body.check);
      for (const name of Object.keys(v.parse(JsonSchema, requestBody))) {
        if (!operation.body.names.includes(name)) found.push(`${operation.id}: there is no request member ${name}`);
      }
    }
    const refusal = [401, 403, 429].includes(status) || status >= 500;
    if (!operation.responses.has(status) && !refusal) found.push(`${operation.id}: never answers ${status}`);
    const check = operation.responses.get(status) ?? (status >= 400 ? this.#refusal : undefined);
    if (check !== undefined && !check(responseBody)) note(`the answer ${status}`, check);
    return found;
  }
}

/**
 * The description's prose says that a broken upload leaves an asset in the state `starter`; its list of states lacks it.
 */
function allowingStarter(schema: v.InferOutput<typeof JsonSchema>): v.InferOutput<typeof JsonSchema> {
  const text = JSON.stringify(schema).replaceAll('"enum":["uploaded","open"]', '"enum":["uploaded","open","starter"]');
  return v.parse(JsonSchema, JSON.parse(text));
}
