import { readFileSync } from 'node:fs';
import { parse } from 'jsonc-parser';
import * as v from 'valibot';

const WRANGLER_CONFIG = new URL('../wrangler.jsonc', import.meta.url);

/** The date whose runtime behaviour the Worker is written for: the one that a deployment names. */
export function compatibilityDate(): string {
  const config: unknown = parse(readFileSync(WRANGLER_CONFIG, 'utf8'));
  return v.parse(v.object({ compatibility_date: v.pipe(v.string(), v.isoDate()) }), config).compatibility_date;
}
