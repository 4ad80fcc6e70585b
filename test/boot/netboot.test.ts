import { type Firmware, type Machine, netbootMachine, SmokeFacts, sshBanner } from 'nixos-images/boot';
import { expect, inject } from 'vitest';
import { type BootTest, bootTest, PATIENCE } from './boot-test.ts';

/** Bytes of kernel and initrd, roughly: it decides on the machine's memory. */
const SMOKE_IMAGE = 32 * 1024 * 1024;

for (const firmware of ['bios', 'uefi'] satisfies Firmware[]) {
  bootTest(`netboot-${firmware}-menu`, 'a network card that is told /boot.ipxe boots the default', async (boot) => {
    const address = new URL(`http://${inject('stackHost')}/boot.ipxe`);
    const machine = await boot.start(netbootMachine('', 'x86_64', firmware, address, SMOKE_IMAGE));
    await expectNetbootInstaller(boot, machine);
  });

  bootTest(`netboot-${firmware}-script`, "an image's own script boots it", async (boot) => {
    const address = new URL(`http://${inject('stackHost')}/netboot/x86_64.ipxe`);
    const machine = await boot.start(netbootMachine('', 'x86_64', firmware, address, SMOKE_IMAGE));
    await expectNetbootInstaller(boot, machine);
  });
}

async function expectNetbootInstaller({ step }: BootTest, machine: Machine): Promise<void> {
  await machine.console.waitFor(/iPXE \d/, { seconds: PATIENCE });
  step('iPXE');
  await machine.console.waitFor(/smoke: kind=/, { seconds: PATIENCE });
  step('the new system starts');
  await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
  const facts = new SmokeFacts(machine.console.text);
  expect(facts.of('kind')).toMatchObject([{ kind: 'netboot', arch: 'x86_64', variant: 'interactive' }]);
  expect(facts.of('os')).toMatchObject([{ id: 'nixos', variantId: 'installer' }]);
  expect(facts.of('address').map(({ address }) => address)).toContain('10.0.2.15/24');
  expect(facts.of('sshd')).toMatchObject([{ port: 22 }]);
  expect(await sshBanner(machine, { seconds: PATIENCE })).toMatch(/^SSH-2\.0-OpenSSH/);
}
