import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { arrival, trips, tripsFolder, WAYS } from './trips.ts';

const kexec = join(import.meta.dirname, '../../nix/kexec');

// With the kernel, ip and systemd-networkd of the machine that runs the tests; what its kernel cannot make is skipped.
describe.each(WAYS)('brought up by %s, the addresses of a host answer as before:', (way) => {
  it.for(trips)('%s', async (trip, { skip }) => {
    const folder = await mkdtemp(join(tmpdir(), 'trip-'));
    try {
      const { stdout, stderr } = await execa(join(import.meta.dirname, 'trip.sh'), [
        join(tripsFolder, trip),
        kexec,
        way,
        join(folder, 'work'),
      ]);
      if (stdout.startsWith('unmade')) skip('not with this kernel');
      expect(`${stdout}\n${stderr}`).not.toMatch(/^(before .* silent|missing)/m);
      expect(stdout.split('\n').filter((line) => line.startsWith('after '))).toEqual(await arrival(trip));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
