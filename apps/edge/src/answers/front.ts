import { PUBLIC_KEY_KEY } from '@nixos-images/shared';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/representation.ts';
import { problem } from '../problem.ts';
import type { Answer, Found, Route, Sources } from './answer.ts';

/** Answers `/v1/catalog.json`: the bucket's own object. */
export function answerCatalog({ path }: Route, { snapshot }: Sources): Promise<Answer> {
  return text(snapshot.text, path, JSON_TYPE, Date.parse(snapshot.catalog.updated));
}

/** Answers `/minisign.pub`: the key that the newest releases are signed with. Looked up once for each state of the catalog. */
export async function answerPublicKey({ path }: Route, { read }: Sources): Promise<Answer> {
  const object = await read(PUBLIC_KEY_KEY);
  if (object === undefined) return problem(404, 'The releases here are not signed.');
  return text(object.text, path, TEXT_TYPE, object.uploaded);
}

/** A text under its own path, whose last segment is its name. */
export async function text(body: string, path: string, mediaType: string, modified: number): Promise<Found> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const about = { name, location: path, mediaType, modified, caching: 'revalidate' } as const;
  return { representation: await representText(body, about), subject: undefined, holds: 'always' };
}
