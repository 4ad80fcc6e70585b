import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewcEntry } from '@nixos-images/shared';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootFiles, consoleOf, networkOf, prepareSmokeImages, smokeImage } from './network-machine.ts';
import { normalForm, readSaved, savedFiles, shapes } from './shapes.ts';

/** The initrd that kexec/run would add for a network that was saved in these files. */
export function hostState(files: ReadonlyMap<string, string>): NewcEntry[] {
  const entries: NewcEntry[] = [
    { path: 'host-state', folder: true, mode: 0o700 },
    { path: 'host-state/network', folder: true, mode: 0o700 },
  ];
  for (const [name, text] of files) {
    entries.push({ path: `host-state/network/${name}`, content: Buffer.from(text), mode: 0o600 });
  }
  return entries;
}

// As systemd-networkd makes them: ff, then 4 bytes of interface, then a DUID.
const CLIENT_ID = 'ff4d3bd62700020000ab11b4c6e28b6e9d0f4e';

/** cloud-dhcp with an address that QEMU's DHCP server gives to who asks for it. It would give 10.0.2.15, its first. */
async function leasedByQemu(): Promise<Map<string, string>> {
  const saved = [...(await savedFiles('cloud-dhcp'))].map(([name, text]): [string, string] => [
    name,
    text.replaceAll('10.0.5.15', '10.0.2.21').replaceAll('10.0.5.', '10.0.2.'),
  ]);
  return new Map(saved).set('dhcp4', `eth0 10.0.2.21 ${CLIENT_ID}\n`);
}

/**
 * Boots each shape's saved state with a smoke image's restore, and holds the network that comes up against the one that was saved.
 * A test file for each image, so that two machines run side by side.
 */
export function restoresEveryShape(name: 'kexec-systemd' | 'kexec-noninteractive'): void {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restore-test-'));
    await prepareSmokeImages();
    await execa('tar', ['xzf', join(await smokeImage(name), 'kexec.tar.gz'), '-C', folder]);
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true }));

  // Nobody answers on the wire, so this holds for addresses of DHCP servers that are away, too.
  it.each(shapes)('%s comes up as it was', { timeout: 660_000 }, async (shape) => {
    const said = await consoleOf(bootFiles(folder), hostState(await savedFiles(shape)), 'nobody', 600);
    expect(await normalForm(networkOf(said))).toEqual(await normalForm(await readSaved(shape)));
  });

  it('an address that DHCP leased is leased again, and the host name stays', { timeout: 660_000 }, async () => {
    const saved = await leasedByQemu();
    const files = [...hostState(saved), { path: 'host-state/hostname', content: Buffer.from('web1\n'), mode: 0o600 }];
    const said = await consoleOf(bootFiles(folder), files, 'dhcp-server', 600);
    expect(said).toMatch(/^smoke: lease \S+ 10\.0\.2\.21\b/m);
    expect(said).not.toContain('10.0.2.15');
    // The server sends another.
    expect(said).toMatch(/^smoke: hostname web1\b/m);
    // Busybox's client does not tell.
    if (name === 'kexec-systemd') expect(said).toContain(`10.0.2.21 ${CLIENT_ID}`);
  });
}
