import type { Customisation } from './address-customisation.ts';

/** The canonical text of a customisation; `parseCustomisation` reads it back as the same. */
export function formatCustomisation({ github, keys, cmdline }: Customisation): string {
  return [
    ...github.map((user) => `github:${user}`),
    ...keys.map((key) => `key:${toBase64Url(key)}`),
    ...(cmdline === undefined ? [] : [`cmdline:${toBase64Url(cmdline)}`]),
  ].join(',');
}

function toBase64Url(ascii: string): string {
  return btoa(ascii).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
