import type { Arch } from '@nixos-images/shared';
import { type Firmware, type Machine, netbootMachine, sshBanner } from 'nixos-images/boot';
import { SmokeFacts } from 'nixos-images/testing';
import { beforeAll, expect, inject } from 'vitest';
import { type BootTest, bootTest, PATIENCE } from './boot-test.ts';
import { provideIpxeForAarch64 } from './ipxe-for-aarch64.ts';

/** Bytes of kernel and initrd, roughly: it decides on the machine's memory. */
const SMOKE_IMAGE = 32 * 1024 * 1024;

beforeAll(provideIpxeForAarch64);

async function expectNetboot(boot: BootTest, path: string, arch: Arch, firmware: Firmware): Promise<void> {
  const address = new URL(`http://${inject('stackHost')}${path}`);
  const machine = await boot.start(netbootMachine('', arch, firmware, address, SMOKE_IMAGE));
  await expectNetbootInstaller(boot, machine, arch);
}

for (const firmware of ['bios', 'uefi'] satisfies Firmware[]) {
  bootTest(`netboot-${firmware}-menu`, 'a network card that is told /boot.ipxe boots the default', (boot) =>
    expectNetboot(boot, '/boot.ipxe', 'x86_64', firmware),
  );
  bootTest(`netboot-${firmware}-script`, "an image's own script boots it", (boot) =>
    expectNetboot(boot, '/netboot/x86_64.ipxe', 'x86_64', firmware),
  );
}

// Its own script is what the boot gate starts it from (gate.test.ts).
bootTest('netboot-aarch64-uefi-menu', "an iPXE that is started from UEFI gets its architecture's default", (boot) =>
  expectNetboot(boot, '/boot.ipxe', 'aarch64', 'uefi'),
);

async function expectNetbootInstaller({ step }: BootTest, machine: Machine, arch: Arch): Promise<void> {
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
}
