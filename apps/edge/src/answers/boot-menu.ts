import { type Customisation, menuAddress } from '@nixos-images/shared';
import { TEXT_TYPE } from '../http/representation.ts';
import { autoexecScript } from '../ipxe/autoexec.ts';
import { type MenuCustomisation, menuScript } from '../ipxe/menu.ts';
import type { Answer, Route, Sources } from './answer.ts';
import { text } from './front.ts';
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
