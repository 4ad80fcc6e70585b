import { type Arch, formatCustomisation, NO_CUSTOMISATION, PublicKey } from '@nixos-images/shared';
import { type Firmware, type Machine, makeSshKey, netbootMachine, sshBanner } from 'nixos-images/boot';
import { SmokeFacts } from 'nixos-images/testing';
import * as v from 'valibot';
import { beforeAll, expect, inject } from 'vitest';
import { type BootTest, bootTest, PATIENCE } from './boot-test.ts';
import { provideIpxeForAarch64 } from './ipxe-for-aarch64.ts';

/** Bytes of kernel and initrd, roughly: it decides on the machine's memory. */
const SMOKE_IMAGE = 32 * 1024 * 1024;

beforeAll(provideIpxeForAarch64);

async function expectNetboot(boot: BootTest, path: string, arch: Arch, firmware: Firmware): Promise<SmokeFacts> {
  const address = new URL(`http://${inject('stackHost')}${path}`);
  const machine = await boot.start(netbootMachine('', arch, firmware, address, SMOKE_IMAGE));
  return await expectNetbootInstaller(boot, machine, arch);
}

/** Boots from the menu with a key, as the person who has the key would. */
async function expectMenuWithKey(boot: BootTest, arch: Arch, firmware: Firmware): Promise<void> {
  await using key = await makeSshKey('menu');
  const keys = [v.parse(PublicKey, key.publicKey)];
  const customisation = formatCustomisation({ ...NO_CUSTOMISATION, keys });
  const facts = await expectNetboot(boot, `/with/${customisation}/boot.ipxe`, arch, firmware);
  expect(facts.of('authorized-key')).toMatchObject([{ fingerprint: key.fingerprint }]);
}

for (const firmware of ['bios', 'uefi'] satisfies Firmware[]) {
  bootTest(`netboot-${firmware}-script`, "an image's own script boots it", async (boot) => {
    await expectNetboot(boot, '/netboot/x86_64.ipxe', 'x86_64', firmware);
  });
}

bootTest('netboot-bios-menu', 'a network card that is told /boot.ipxe boots the default', async (boot) => {
  await expectNetboot(boot, '/boot.ipxe', 'x86_64', 'bios');
});

bootTest('netboot-uefi-menu', "a menu with one's own key boots the default with it", (boot) =>
  expectMenuWithKey(boot, 'x86_64', 'uefi'),
);

// Its own script is what the boot gate starts it from (gate.test.ts).
bootTest('netboot-aarch64-uefi-menu', "a newer iPXE gets its architecture's default with one's own key", (boot) =>
  expectMenuWithKey(boot, 'aarch64', 'uefi'),
);

async function expectNetbootInstaller({ step }: BootTest, machine: Machine, arch: Arch): Promise<SmokeFacts> {
  await machine.console.waitFor(/iPXE \d/, { seconds: PATIENCE });
  step('iPXE');
  await machine.console.waitFor(/smoke: kind=/, { seconds: PATIENCE });
  step('the new system starts');
  await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
  const facts = new SmokeFacts(machine.console.text);
  expect(facts.of('kind')).toMatchObject([{ kind: 'netboot', arch, variant: 'interactive' }]);
  expect(facts.of('os')).toMatchObject([{ id: 'nixos', variantId: 'installer' }]);
  expect(facts.of('address').map(({ address }) => address)).toContain('10.0.2.15/24');
  expect(facts.of('sshd')).toMatchObject([{ port: 22 }]);
  expect(await sshBanner(machine, { seconds: PATIENCE })).toMatch(/^SSH-2\.0-OpenSSH/);
  return facts;
}
