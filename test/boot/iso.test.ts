import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download, type Firmware, isoMachine, sshBanner } from 'nixos-images/boot';
import { SmokeFacts } from 'nixos-images/testing';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { bootTest, PATIENCE } from './boot-test.ts';

let folder: string;
let iso: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-iso-'));
  iso = join(folder, 'x86_64.iso');
  await download(new URL('/iso/x86_64.iso', inject('stackUrl')), iso);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

for (const firmware of ['bios', 'uefi'] satisfies Firmware[]) {
  for (const as of ['cd', 'usb'] as const) {
    bootTest(`iso-${firmware}-${as}`, 'the published ISO boots', async ({ step, start }) => {
      const machine = await start(await isoMachine('', 'x86_64', firmware, as, iso));
      await machine.console.waitFor(/smoke: kind=/, { seconds: PATIENCE });
      step('the new system starts');
      await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
      const facts = new SmokeFacts(machine.console.text);
      expect(facts.of('kind')).toMatchObject([{ kind: 'iso', arch: 'x86_64', variant: 'interactive' }]);
      expect(facts.of('os')).toMatchObject([{ id: 'nixos', variantId: 'installer' }]);
      expect(facts.of('sshd')).toMatchObject([{ port: 22 }]);
      expect(await sshBanner(machine, { seconds: PATIENCE })).toMatch(/^SSH-2\.0-OpenSSH/);
    });
  }
}
