import { PUBLIC_KEY_KEY } from '@nixos-images/shared';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/representation.ts';
import { menuScript } from '../ipxe/menu.ts';
import { problem } from '../problem.ts';
import type { Answer, Route, Sources } from './answer.ts';

/** Answers `/boot.ipxe`: the menu for every machine. */
export function answerBootMenu({ path }: Route, { snapshot: { catalog } }: Sources): Promise<Answer> {
  return text(menuScript(catalog), path, TEXT_TYPE, Date.parse(catalog.updated));
}

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
async function text(body: string, path: string, mediaType: string, modified: number): Promise<Answer> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const about = { name, location: path, mediaType, modified, caching: 'revalidate' } as const;
  return { representation: await representText(body, about), subject: undefined, holds: 'always' };
}
