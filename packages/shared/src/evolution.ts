/**
 * Reading what a newer builder may have written. Edges and builders of several ages share one bucket, so under one `schema`
 * number fields and words may be added (docs/publishing.md has the rule). A reader leaves out the image or the channel that it does
 * not understand and serves the rest; a writer looks at `unknown` before it changes or deletes anything.
 */
import * as v from 'valibot';
import { BootRecord, BootTest } from './boot-record.ts';
import { Catalog, CatalogChannel, Collection, FormerRelease } from './catalog.ts';
import { Channel } from './channel.ts';
import { Image, Manifest } from './manifest.ts';
import { Mirror } from './mirror.ts';
import { MalformedJson, parseJson } from './parse.ts';

/** Something in a stored object that this version does not know. */
export interface Unknown {
  /** Where it stands, such as `channels.nixos-26.05.current.images.3.kind`. */
  readonly path: string;
  /** What is the matter with it, for a log or an error. */
  readonly why: string;
  /** True for what a reader goes without: an image, a channel, a boot test. False for a field that says more of what is understood. */
  readonly leftOut: boolean;
}

/** What is understood of a stored object, and where it says more than that. */
export interface Understood<Value> {
  readonly value: Value;
  readonly unknown: readonly Unknown[];
}

/** The object follows a schema that is not ours: nothing in it can be relied on. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
  constructor(what: string, schema: number) {
    super(`${what} has schema ${schema}; this version knows ${SCHEMA}`);
  }
}

const SCHEMA = 1;
const SchemaNumber = v.pipe(v.number(), v.safeInteger());

type JsonObject = Readonly<Record<string, unknown>>;
const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const JsonObject = v.custom<JsonObject>(isJsonObject, 'not an object');
const JsonArray = v.array(v.unknown());

const CatalogHead = v.omit(Catalog, ['channels', 'collecting']);
const ChannelHead = v.omit(CatalogChannel, ['current', 'mirror', 'former']);
const ManifestHead = v.omit(Manifest, ['images']);
const BootRecordHead = v.variant('gate', [v.omit(BootRecord.options[0], ['tests']), BootRecord.options[1]]);

/**
 * `catalog.json` as far as it is understood.
 * @throws MalformedJson when it is not a catalog, NewerSchema when it follows another schema.
 */
export function parseCatalog(text: string, what = 'catalog.json'): Understood<Catalog> {
  const raw = parseHead(text, what);
  const reader = new Reader();
  const head = reader.need(CatalogHead, raw, '', ['channels', 'collecting'], what);
  const channels: Record<Channel, CatalogChannel> = {};
  for (const [name, entry] of Object.entries(reader.need(JsonObject, raw['channels'], 'channels', [], what))) {
    const channel = reader.take(Channel, name, `channels.${name}`);
    const understood = channel === undefined ? undefined : readChannel(reader, entry, `channels.${name}`);
    if (channel !== undefined && understood !== undefined) channels[channel] = understood;
  }
  const collecting = reader.takeOptional(Collection, raw['collecting'], 'collecting');
  return { value: { ...head, channels, ...(collecting && { collecting }) }, unknown: reader.unknown };
}

/**
 * A `manifest.json` as far as it is understood.
 * @throws MalformedJson when it is not a manifest or holds no image that is understood, NewerSchema when it follows another schema.
 */
export function parseManifest(text: string, what: string): Understood<Manifest> {
  const reader = new Reader();
  const value = readManifest(reader, parseHead(text, what), '');
  if (value !== undefined) return { value, unknown: reader.unknown };
  const [first] = reader.unknown;
  throw new MalformedJson(`${what} is malformed${first ? ` at ${first.path}: ${first.why}` : ': it has no image'}`);
}

/**
 * A `boot.json` as far as it is understood: tests of images, or by ways, that this version does not know are left out.
 * @throws MalformedJson when it is not a boot record, NewerSchema when it follows another schema.
 */
export function parseBootRecord(text: string, what: string): Understood<BootRecord> {
  const raw = parseHead(text, what);
  const reader = new Reader();
  const head = reader.need(BootRecordHead, raw, '', ['tests'], what);
  if (head.gate === 'skipped') return { value: head, unknown: reader.unknown };
  const items = reader.need(JsonArray, raw['tests'], 'tests', [], what);
  return { value: { ...head, tests: reader.takeEach(BootTest, items, 'tests') }, unknown: reader.unknown };
}

function readChannel(reader: Reader, raw: unknown, path: string): CatalogChannel | undefined {
  const entry = reader.take(JsonObject, raw, path);
  if (entry === undefined) return undefined;
  const head = reader.take(ChannelHead, entry, path, ['current', 'mirror', 'former']);
  const current = reader.take(JsonObject, entry['current'], `${path}.current`);
  const manifest = current && readManifest(reader, current, `${path}.current`);
  const former = reader.take(JsonArray, entry['former'], `${path}.former`);
  if (head === undefined || manifest === undefined || former === undefined) return undefined;
  const mirror = reader.takeOptional(Mirror, entry['mirror'], `${path}.mirror`);
  return {
    ...head,
    current: manifest,
    ...(mirror && { mirror }),
    former: reader.takeEach(FormerRelease, former, `${path}.former`),
  };
}

function readManifest(reader: Reader, raw: JsonObject, path: string): Manifest | undefined {
  const head = reader.take(ManifestHead, raw, path, ['images']);
  const items = reader.take(JsonArray, raw['images'], join(path, 'images'));
  if (head === undefined || items === undefined) return undefined;
  const images = reader.takeEach(Image, items, join(path, 'images'));
  return images.length === 0 ? undefined : { ...head, images };
}

/** Looks at the schema number before anything else: under another one every field may mean something else. */
function parseHead(text: string, what: string): JsonObject {
  const raw = parseJson(JsonObject, text, what);
  const schema = v.safeParse(SchemaNumber, raw['schema']);
  if (!schema.success) throw new MalformedJson(`${what} is malformed at schema: ${schema.issues[0].message}`);
  if (schema.output !== SCHEMA) throw new NewerSchema(what, schema.output);
  return raw;
}

/** Takes values out of JSON one by one and notes what it could not take. */
class Reader {
  readonly unknown: Unknown[] = [];

  /** The value, or undefined with a note when it does not fit. `elsewhere` names fields that are read on their own. */
  take<Schema extends v.GenericSchema>(
    schema: Schema,
    raw: unknown,
    path: string,
    elsewhere: readonly string[] = [],
  ): v.InferOutput<Schema> | undefined {
    const result = v.safeParse(schema, raw);
    if (!result.success) {
      const [issue] = result.issues;
      this.unknown.push({ path: join(path, v.getDotPath(issue) ?? ''), why: issue.message, leftOut: true });
      return undefined;
    }
    for (const field of strippedFields(raw, result.output, path)) {
      if (!elsewhere.some((name) => field === join(path, name)))
        this.unknown.push({ path: field, why: 'unknown field', leftOut: false });
    }
    return result.output;
  }

  /** The value; an object without it is not what its name says. */
  need<Schema extends v.GenericSchema>(
    schema: Schema,
    raw: unknown,
    path: string,
    elsewhere: readonly string[],
    what: string,
  ): v.InferOutput<Schema> {
    const value = this.take(schema, raw, path, elsewhere);
    if (value !== undefined) return value;
    const { path: where, why } = this.unknown.at(-1) ?? { path, why: 'missing' };
    throw new MalformedJson(`${what} is malformed${where === '' ? '' : ` at ${where}`}: ${why}`);
  }

  takeOptional<Schema extends v.GenericSchema>(schema: Schema, raw: unknown, path: string) {
    return raw === undefined ? undefined : this.take(schema, raw, path);
  }

  /** Those of a list that are understood, in their order. */
  takeEach<Schema extends v.GenericSchema>(
    schema: Schema,
    items: readonly unknown[],
    path: string,
  ): v.InferOutput<Schema>[] {
    return items.flatMap((item, index) => this.take(schema, item, `${path}.${index}`) ?? []);
  }
}

/** Paths of the fields that JSON has and its parsed form lacks: what a schema did not know, it dropped. */
function strippedFields(raw: unknown, parsed: unknown, path: string): string[] {
  if (Array.isArray(raw)) {
    const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
    return raw.flatMap((item, index) => strippedFields(item, items[index], join(path, `${index}`)));
  }
  if (!isJsonObject(raw) || !isJsonObject(parsed)) return [];
  return Object.keys(raw).flatMap((key) =>
    Object.hasOwn(parsed, key) ? strippedFields(raw[key], parsed[key], join(path, key)) : [join(path, key)],
  );
}

function join(path: string, rest: string): string {
  return [path, rest].filter((part) => part !== '').join('.');
}
