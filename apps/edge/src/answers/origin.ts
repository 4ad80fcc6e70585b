import type { Sources } from './answer.ts';

/** The origin that pages and shell scripts name. A Host header that is no plain name is not repeated: its text would go into shells. */
export function originOf({
  request: { url },
  settings: { PUBLIC_ORIGIN },
}: Pick<Sources, 'request' | 'settings'>): string {
  const { origin } = new URL(url);
  return PUBLIC_ORIGIN ?? (/^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : 'http://SERVER');
}
