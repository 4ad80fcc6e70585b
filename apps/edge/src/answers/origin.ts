import type { Sources } from './answer.ts';

type Asked = Pick<Sources, 'request' | 'settings'>;

/** The origin that pages and shell scripts name. A Host header that is no plain name is not repeated: its text would go into shells. */
export function originOf({ request: { url }, settings: { PUBLIC_ORIGIN } }: Asked): string {
  const { origin } = new URL(url);
  return PUBLIC_ORIGIN ?? (/^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : 'http://SERVER');
}

/** The origin under which customised addresses are answered; undefined where the operator has them answered nowhere. */
export function customisedOriginOf(asked: Asked): string | undefined {
  const { CUSTOMISATION } = asked.settings;
  if (CUSTOMISATION === 'off') return undefined;
  const origin = originOf(asked);
  if (CUSTOMISATION === 'on') return origin;
  const url = new URL(origin);
  url.hostname = CUSTOMISATION;
  return url.origin;
}
