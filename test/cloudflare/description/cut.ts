/**
 * Cuts what setting up an edge asks of Cloudflare's API, by itself and through wrangler, out of Cloudflare's own description as its
 * library for TypeScript carries it, into api.json: addresses, and the shapes of requests and results as JSON Schema.
 *
 *     npm pack cloudflare@7.3.0
 *     tar -xzf cloudflare-7.3.0.tgz
 *     node test/cloudflare/description/cut.ts package
 *     npm run format
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import type { ESTree } from 'rolldown/utils';
import * as v from 'valibot';

/** File below `resources/`, method of the class there, and the types of its request and its result. */
const OPERATIONS = [
  ['user/tokens/tokens', 'verify', undefined, 'TokenVerifyResponse'],
  ['accounts/tokens/tokens', 'verify', undefined, 'TokenVerifyResponse'],
  ['r2/buckets/buckets', 'get', undefined, 'Bucket'],
  ['r2/buckets/buckets', 'create', 'BucketCreateParams', 'Bucket'],
  ['workers/subdomains', 'get', undefined, 'SubdomainGetResponse'],
  ['workers/subdomains', 'update', 'SubdomainUpdateParams', 'SubdomainUpdateResponse'],
  ['workers/scripts/scripts', 'update', 'ScriptUpdateParams', 'ScriptUpdateResponse'],
  ['workers/scripts/script-and-version-settings', 'get', undefined, 'ScriptAndVersionSettingGetResponse'],
  ['workers/scripts/subdomain', 'get', undefined, 'SubdomainGetResponse'],
  ['workers/scripts/subdomain', 'create', 'SubdomainCreateParams', 'SubdomainCreateResponse'],
  ['workers/scripts/secrets', 'list', undefined, undefined],
  ['workers/scripts/deployments', 'list', undefined, 'DeploymentListResponse'],
  ['workers/scripts/deployments', 'create', 'DeploymentCreateParams', undefined],
  ['workers/scripts/versions', 'create', 'VersionCreateParams', 'VersionCreateResponse'],
  ['workers/scripts/settings', 'edit', 'SettingEditParams', undefined],
  ['workers/beta/workers/workers', 'get', undefined, 'Worker'],
] as const;

/** Members of requests that stand in the address or a header. */
const OUTSIDE_THE_BODY: ReadonlySet<string> = new Set(['account_id', 'jurisdiction', 'bindings_inherit', 'force']);

/** Kinds of bindings that an edge has; the description knows thirty. */
const BINDINGS: readonly string[] = ['analytics_engine', 'plain_text', 'r2_bucket'];

type Schema = Readonly<Record<string, unknown>>;

/** A file of declarations. */
class Declarations {
  readonly #path: string;
  readonly #types = new Map<string, ESTree.TSInterfaceDeclaration | ESTree.TSTypeAliasDeclaration>();
  /** Names of other files, by what they are imported as. */
  readonly #imports = new Map<string, string>();

  private constructor(path: string) {
    this.#path = path;
  }

  static async read(path: string): Promise<Declarations> {
    const declarations = new Declarations(path);
    declarations.#collect(parseAst(await readFile(`${path}.d.ts`, 'utf8'), { lang: 'ts' }).body, '');
    return declarations;
  }

  #collect(statements: readonly ESTree.Node[], prefix: string): void {
    for (const statement of statements) {
      if (statement.type === 'ImportDeclaration') {
        for (const { local } of statement.specifiers) this.#imports.set(local.name, statement.source.value);
        continue;
      }
      const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (declared?.type === 'TSInterfaceDeclaration' || declared?.type === 'TSTypeAliasDeclaration') {
        this.#types.set(`${prefix}${declared.id.name}`, declared);
      }
      if (
        declared?.type === 'TSModuleDeclaration' &&
        declared.id.type === 'Identifier' &&
        declared.body?.type === 'TSModuleBlock'
      ) {
        this.#collect(declared.body.body, `${prefix}${declared.id.name}.`);
      }
    }
  }

  /** The schema of a type by its name, as it is written within a namespace. */
  async schema(name: string, within = ''): Promise<Schema> {
    const scopes = within.split('.').map((_, index, all) => all.slice(0, all.length - index).join('.'));
    const full = [...scopes.map((scope) => `${scope}.${name}`), name].find((candidate) => this.#types.has(candidate));
    const declared = this.#types.get(full ?? '');
    if (full === undefined || declared === undefined) return this.#imported(name);
    if (declared.type === 'TSTypeAliasDeclaration') return this.#of(declared.typeAnnotation, full);
    const own = await this.#object(declared.body.body, full);
    if (declared.extends.length === 0) return own;
    const bases = declared.extends.map(({ expression }) => this.schema(textOf(expression), within));
    return { allOf: [...(await Promise.all(bases)), own] };
  }

  async #imported(name: string): Promise<Schema> {
    const [first = '', ...rest] = name.split('.');
    const from = this.#imports.get(first);
    // What is sent as it is: files.
    if (from === undefined || first === 'Uploadable') return {};
    const other = await Declarations.read(join(dirname(this.#path), from.replace(/\.js$/, '')));
    return other.schema(rest.join('.'));
  }

  async #object(members: readonly ESTree.TSSignature[], within: string): Promise<Schema> {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    let others: Schema = {};
    for (const member of members) {
      if (member.type === 'TSIndexSignature') {
        others = { additionalProperties: await this.#of(member.typeAnnotation.typeAnnotation, within) };
      }
      if (member.type !== 'TSPropertySignature') continue;
      const name =
        member.key.type === 'Identifier' ? member.key.name : member.key.type === 'Literal' ? `${member.key.value}` : '';
      properties[name] =
        member.typeAnnotation === null ? {} : await this.#of(member.typeAnnotation.typeAnnotation, within);
      if (!member.optional) required.push(name);
    }
    return { type: 'object', properties, ...(required.length > 0 && { required }), ...others };
  }

  async #of(node: ESTree.TSType, within: string): Promise<Schema> {
    switch (node.type) {
      case 'TSStringKeyword':
        return { type: 'string' };
      case 'TSNumberKeyword':
        return { type: 'number' };
      case 'TSBooleanKeyword':
        return { type: 'boolean' };
      case 'TSNullKeyword':
        return { type: 'null' };
      case 'TSLiteralType':
        return node.literal.type === 'Literal' ? { const: node.literal.value } : {};
      case 'TSArrayType':
        return { type: 'array', items: await this.#of(node.elementType, within) };
      case 'TSTypeLiteral':
        return this.#object(node.members, within);
      case 'TSParenthesizedType':
        return this.#of(node.typeAnnotation, within);
      case 'TSUnionType':
        return unionOf(await Promise.all(node.types.map((one) => this.#of(one, within))));
      case 'TSIntersectionType':
        return { allOf: await Promise.all(node.types.map((one) => this.#of(one, within))) };
      case 'TSTypeReference':
        return this.#reference(node, within);
      default:
        return {};
    }
  }

  async #reference(node: ESTree.TSTypeReference, within: string): Promise<Schema> {
    const name = textOf(node.typeName);
    const parameters = node.typeArguments?.params ?? [];
    if (name === 'Array' && parameters[0] !== undefined)
      return { type: 'array', items: await this.#of(parameters[0], within) };
    if (name === 'Record' && parameters[1] !== undefined) {
      return { type: 'object', additionalProperties: await this.#of(parameters[1], within) };
    }
    return this.schema(name, within);
  }
}

function textOf(node: ESTree.Node): string {
  if (node.type === 'TSQualifiedName') return `${textOf(node.left)}.${node.right.name}`;
  if (node.type === 'MemberExpression' && node.property.type === 'Identifier')
    return `${textOf(node.object)}.${node.property.name}`;
  return node.type === 'Identifier' ? node.name : '';
}

const Constant = v.object({ const: v.unknown() });
const OfKind = v.object({ properties: v.object({ type: v.object({ const: v.string() }) }) });

function unionOf(all: readonly Schema[]): Schema {
  const kinds = all.filter((one) => v.is(OfKind, one));
  const bindings = kinds.filter((one) => BINDINGS.includes(v.parse(OfKind, one).properties.type.const));
  const options = bindings.length === BINDINGS.length ? bindings : all;
  const constants = options.filter((one) => v.is(Constant, one));
  return constants.length === options.length
    ? { enum: constants.map((one) => v.parse(Constant, one).const) }
    : { anyOf: options };
}

/** How a method of the library asks: `get`, and the address with names in braces. */
async function addressOf(file: string, method: string): Promise<{ method: string; path: string }> {
  const code = await readFile(`${file}.mjs`, 'utf8');
  const pattern = new RegExp(`\\n +${method}\\([^]*?_client\\.(\\w+)\\((?:path \`([^\`]+)\`|'([^']+)')`);
  const [, verb = '', template, plain] = pattern.exec(code) ?? [];
  const path = (template ?? plain ?? '').replace(/\$\{(\w+)\}/g, '{$1}');
  return { method: verb === 'getAPIList' ? 'GET' : verb.toUpperCase(), path };
}

function withoutAddress(schema: Schema): Schema {
  const { properties, required = [] } = v.parse(
    v.object({ properties: v.record(v.string(), v.unknown()), required: v.optional(v.array(v.string())) }),
    schema,
  );
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !OUTSIDE_THE_BODY.has(name))),
    required: required.filter((name) => !OUTSIDE_THE_BODY.has(name)),
  };
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node cut.ts FOLDER');
const { name, version, license } = v.parse(
  v.object({ name: v.string(), version: v.string(), license: v.string() }),
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')),
);
const operations = [];
for (const [file, method, request, result] of OPERATIONS) {
  const path = join(folder, 'resources', file);
  const declarations = await Declarations.read(path);
  operations.push({
    operation: `${file.replace(/\/(\w+)\/\1$/, '/$1')}.${method}`.replaceAll('/', '.'),
    ...(await addressOf(path, method)),
    ...(request !== undefined && { request: withoutAddress(await declarations.schema(request)) }),
    ...(result !== undefined && { result: await declarations.schema(result) }),
  });
}
const information = await (await Declarations.read(join(folder, 'resources/shared'))).schema('ResponseInfo');
const cut = { source: { name, version, license }, information, operations };
await writeFile(join(import.meta.dirname, 'api.json'), `${JSON.stringify(cut, null, 2)}\n`);
