import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';

// The server's name is from-dhcp, the image's nixos-installer. Without them in hostnamed's file, both would win over what was restored.
it.each([
  ['the old system’s name stays', 'web1', '', '', 'web1'],
  ['the name of a link wins over the old system’s', 'web1', '', 'linked', 'linked'],
  ['the name in live.nixos.hostname stays', '', '', 'given', 'given'],
  ['the name in live.nixos.hostname wins over both', 'web1', 'linked', 'given', 'given'],
])('when a DHCP server sends a name, %s', async (_promise, restored, linked, given, name) => {
  const folder = await mkdtemp(join(tmpdir(), 'host-name-'));
  try {
    const { stdout } = await execa(join(import.meta.dirname, 'host-name.sh'), [
      join(folder, 'work'),
      restored,
      linked,
      given,
    ]);
    expect(stdout).toBe(name);
  } finally {
    await rm(folder, { recursive: true });
  }
});
