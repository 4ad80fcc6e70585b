import * as v from 'valibot';

/** JSON text that is not what it should be; the message says what, where and why in one sentence. */
export class MalformedJson extends Error {
  override readonly name = 'MalformedJson';
}

/**
 * Parses JSON text by a schema.
 * @param what names the text for the reader of an error, such as `catalog.json`.
 * @throws MalformedJson if it is no JSON or does not fit the schema.
 */
export function parseJson<Schema extends v.GenericSchema>(
  schema: Schema,
  text: string,
  what: string,
): v.InferOutput<Schema> {
  let json: unknown;
  try {
    // A byte order mark, which some editors write: a Worker's text() drops it, Node keeps it, JSON.parse refuses it.
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    // The message quotes the text, line breaks and all.
    const why = error instanceof Error ? error.message.replace(/\s+/g, ' ') : 'unreadable';
    throw new MalformedJson(`${what} is not JSON: ${why}`);
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new MalformedJson(`${what} is malformed${path === null ? '' : ` at ${path}`}: ${issue.message}`);
}

/** JSON as it is stored: two-space indented, with a final newline, keys in the order in which they were made. */
export function formatJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
