import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addressArea,
  Catalog,
  channelNamed,
  menuAddress,
  NO_CUSTOMISATION,
  PublicKey,
  stagedChannels,
} from '@nixos-images/shared';
import { download, type Firmware, isoMachine, makeSshKey, sshBanner } from 'nixos-images/boot';
import { SmokeFacts } from 'nixos-images/testing';
import * as v from 'valibot';
import { expect, inject } from 'vitest';
import { bootTest, PATIENCE } from './boot-test.ts';

/** Bytes of the netboot image that the menu leads to, roughly: it decides on the machine's memory. */
const SMOKE_IMAGE = 32 * 1024 * 1024;

/** Where the served ISO of iPXE has the address of its menu. */
async function addressesIn(): Promise<{ length: number; offsets: readonly number[] }> {
  const catalog = v.parse(Catalog, await (await fetch(`${inject('stackUrl')}/v1/catalog.json`)).json());
  const images = channelNamed('latest', stagedChannels(catalog, Date.now()))?.entry.current.images ?? [];
  const image = images.find(({ kind, arch }) => kind === 'ipxe' && arch === 'x86_64');
  if (image?.kind !== 'ipxe') throw new Error('the stack serves no iPXE for x86_64');
  return { length: image.address.length, offsets: image.address.offsets.iso ?? [] };
}

async function bootsFromMenu(firmware: Firmware, as: 'cd' | 'usb'): Promise<void> {
  const { length, offsets } = await addressesIn();
  bootTest(`ipxe-${firmware}-${as}`, 'a machine without iPXE gets to the menu with my key', async ({ step, start }) => {
    await using resources = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'nixos-images-ipxe-'));
    resources.defer(() => rm(folder, { recursive: true }));
    const key = resources.use(await makeSshKey('stick'));
    const iso = join(folder, 'x86_64.iso');
    await download(new URL('/ipxe/x86_64.iso', inject('stackUrl')), iso);
    // What an edge does that knows its own address (ipxe.worker.test.ts); this one is at another for the guest.
    const customisation = { ...NO_CUSTOMISATION, keys: [v.parse(PublicKey, key.publicKey)] };
    const area = addressArea(menuAddress(`http://${inject('stackHost')}`, customisation), length);
    if (area === undefined) throw new Error('the address is too long');
    const file = await open(iso, 'r+');
    for (const offset of offsets) await file.write(area, 0, area.length, offset);
    await file.close();

    const machine = await start(await isoMachine('', 'x86_64', firmware, as, iso, SMOKE_IMAGE));
    await machine.console.waitFor(/Network port 0, .*: asking for an address/, { seconds: PATIENCE });
    step('iPXE');
    await machine.console.waitFor(/CUSTOMISED: root login for/, { seconds: PATIENCE });
    step('the menu');
    await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
    const facts = new SmokeFacts(machine.console.text);
    expect(facts.of('kind')).toMatchObject([{ kind: 'netboot', arch: 'x86_64', variant: 'interactive' }]);
    expect(facts.of('authorized-key')).toMatchObject([{ fingerprint: key.fingerprint }]);
    expect(await sshBanner(machine, { seconds: PATIENCE })).toMatch(/^SSH-2\.0-OpenSSH/);
  });
}

// The boot gate starts it in all four ways.
await bootsFromMenu('bios', 'usb');
await bootsFromMenu('uefi', 'cd');
