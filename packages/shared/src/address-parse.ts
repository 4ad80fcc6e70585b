import { type Parsed, parseImage, parsePlainAddress, segmentsOf } from './address.ts';
import { parseCustomisation } from './address-customisation.ts';

/** Reads the path of a request (percent-encoded, from its `/` on, without query) as an address. */
export function parseAddress(path: string): Parsed {
  const plain = parsePlainAddress(path);
  if (plain !== 'customised') return plain;
  const [, given = '', ...segments] = segmentsOf(path) ?? [];
  const customisation = parseCustomisation(given);
  if (typeof customisation !== 'string') return parseImage(customisation, segments);
  return { ok: false, problem: { reason: 'customisation', given, why: customisation } };
}
