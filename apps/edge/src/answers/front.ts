import { type Customisation, menuAddress, PUBLIC_KEY_KEY } from '@nixos-images/shared';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/representation.ts';
import { autoexecScript } from '../ipxe/autoexec.ts';
import { type MenuCustomisation, menuScript } from '../ipxe/menu.ts';
import { problem } from '../problem.ts';
import type { Answer, Found, Route, Sources } from './answer.ts';
import { originOf } from './origin.ts';

/** Answers `/boot.ipxe`: the menu for every machine. */
export function answerBootMenu({ path }: Route, sources: Sources): Promise<Answer> {
  const { catalog } = sources.snapshot;
  // Where customised addresses have a host of their own, this is another one.
  const { CUSTOMISATION, PUBLIC_ORIGIN: origin } = sources.settings;
  const menu = menuScript(catalog, { added: undefined, asksForAccount: CUSTOMISATION === 'on', origin });
  return text(menu, path, TEXT_TYPE, Date.parse(catalog.updated));
}

/** Answers `/with/<customisation>/boot.ipxe`. @param location the address with the customisation that the menu adds. */
export async function answerCustomisedMenu(
  location: string,
  added: MenuCustomisation,
  { snapshot: { catalog }, settings: { CUSTOMISATION, PUBLIC_ORIGIN } }: Sources,
): Promise<Answer> {
  const origin = CUSTOMISATION === 'on' ? PUBLIC_ORIGIN : `http://${CUSTOMISATION}`;
  const menu = menuScript(catalog, { added, asksForAccount: false, origin });
  const { representation } = await text(menu, location, TEXT_TYPE, Date.parse(catalog.updated));
  // There is no end of such addresses.
  return { representation, subject: undefined, holds: 'never' };
}

/** Answers `/ipxe/autoexec.ipxe`. */
export async function answerAutoexec(
  { path }: Route,
  sources: Sources,
  customisation?: Customisation,
): Promise<Answer> {
  const menu = menuAddress(originOf(sources), customisation);
  const modified = Date.parse(sources.snapshot.catalog.updated);
  const { representation } = await text(autoexecScript(menu), path, TEXT_TYPE, modified);
  // It names the host that it came from, unless the operator says which.
  return { representation, subject: undefined, holds: 'never' };
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
async function text(body: string, path: string, mediaType: string, modified: number): Promise<Found> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const about = { name, location: path, mediaType, modified, caching: 'revalidate' } as const;
  return { representation: await representText(body, about), subject: undefined, holds: 'always' };
}
