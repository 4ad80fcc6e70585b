import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Networks of hosts from the field, one folder each: `network` makes it with two cards, `router` what is at the other end, and `check` names
 * the addresses that have to answer from there (test/kexec/trip.sh).
 */
export const tripsFolder = join(import.meta.dirname, 'trips');
export const trips = (await readdir(tripsFolder)).sort();
export const WAYS = ['ip', 'networkd'] as const;

/** What a trip that went well says at its end. */
export async function arrival(trip: string): Promise<string[]> {
  const addresses = (await readFile(join(tripsFolder, trip, 'check'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '');
  return addresses.map((address) => `after ${address} answers`);
}
