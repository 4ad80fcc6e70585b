import * as v from 'valibot';
import { Refusal } from './repository.ts';

/** What is answered: JSON, bytes or nothing. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | Buffer;
}

const Changes = v.object({
  tag_name: v.exactOptional(v.string()),
  name: v.exactOptional(v.string()),
  body: v.exactOptional(v.string()),
  draft: v.exactOptional(v.boolean()),
  prerelease: v.exactOptional(v.boolean()),
  make_latest: v.exactOptional(v.picklist(['true', 'false', 'legacy'])),
});

/** What a request's JSON wants a release or an asset to be. */
export function changesIn(body: unknown): v.InferOutput<typeof Changes> {
  const parsed = v.safeParse(Changes, body ?? {});
  if (!parsed.success) throw new Refusal(422, 'Validation Failed');
  return parsed.output;
}

/** The tag that a new release must have. */
export function tagIn(body: unknown): string {
  const { tag_name } = changesIn(body);
  if (tag_name === undefined) throw new Refusal(422, 'Validation Failed');
  return tag_name;
}

/** What was asked for, or GitHub's 404. */
export function required<Item>(found: Item | undefined): Item {
  if (found === undefined) throw new Refusal(404, 'Not Found');
  return found;
}
