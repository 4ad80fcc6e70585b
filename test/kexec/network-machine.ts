import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NewcEntry, newcArchive } from '@nixos-images/shared';
import { execa } from 'execa';
import * as v from 'valibot';

const root = join(import.meta.dirname, '../..');
const state = join(root, '.state');
const Json = v.pipe(v.string(), v.parseJson(), v.array(v.record(v.string(), v.unknown())));

/** What `ip -json` says of a machine, in the files that kexec/run saves. */
export const SavedNetwork = v.object({ links: Json, routes4: Json, routes6: Json, rules4: Json, rules6: Json });
export type SavedNetwork = v.InferOutput<typeof SavedNetwork>;

const Built = v.tuple([v.object({ outputs: v.object({ out: v.string() }) })]);

/** Builds a smoke image of nixos-26.05 and gives its output folder. */
export async function smokeImage(
  name: 'kexec-systemd' | 'kexec-noninteractive' | 'netboot-interactive',
): Promise<string> {
  const flake = join(state, 'smoke-flake');
  const { stdout } = await execa(join(root, 'test/smoke-images/with-nix'), [
    join(state, 'nix'),
    ...['nix', 'build', '--no-link', '--json', `path:${flake}#packages.x86_64-linux."${name}-nixos-26.05"`],
  ]);
  return v.parse(Built, JSON.parse(stdout))[0].outputs.out;
}

/** Resolves the Debian packages that the smoke images are made of. */
export async function prepareSmokeImages(): Promise<void> {
  await execa(join(root, 'test/smoke-images/prepare'), [join(state, 'smoke-flake')]);
}

/** What the first of a machine's two cards is wired to: nobody at all, or QEMU's own router and DHCP server, which also sends a host name. */
export type Wire = 'nobody' | 'dhcp-server';

/** Kernel and initrd of a kexec tarball that is unpacked in `folder`. */
export function bootFiles(folder: string): { readonly kernel: string; readonly initrd: string } {
  return { kernel: join(folder, 'kexec/bzImage'), initrd: join(folder, 'kexec/initrd') };
}

/**
 * Boots a smoke image's kernel and initrd, with `files` as a second one, on a machine with two cards, until it has said what it found.
 * or what `parameters` say instead. Gives its console. Throws when it is not ready after `seconds`; the error holds the console.
 */
export async function consoleOf(
  boot: { readonly kernel: string; readonly initrd: string },
  files: readonly NewcEntry[],
  wire: Wire,
  seconds: number,
  parameters = 'smoke.network smoke.poweroff',
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'network-machine-'));
  try {
    const extra = join(folder, 'extra');
    const initrd = join(folder, 'initrd');
    await writeFile(extra, newcArchive(files));
    await execa('cat', [boot.initrd, extra], { stdout: { file: initrd } });
    const card = (number: number, netdev: string) => [
      ...['-netdev', `${netdev},id=wire${number}`],
      ...['-device', `virtio-net-pci,romfile=,netdev=wire${number},mac=52:54:00:00:01:0${number}`],
    ];
    const machine = await execa(
      'qemu-system-x86_64',
      [
        ...['-m', '512', '-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot', '-nodefaults'],
        ...['-kernel', boot.kernel, '-initrd', initrd],
        ...card(1, wire === 'nobody' ? 'hubport,hubid=1' : 'user,hostname=from-dhcp'),
        ...card(2, 'hubport,hubid=2'),
        ...['-append', `console=ttyS0 panic=-1 loglevel=4 no_timer_check ${parameters}`],
      ],
      { timeout: seconds * 1000, stdin: 'ignore' },
    );
    const missing = machine.stdout.split('\n').find((line) => line.startsWith('smoke: missing network'));
    if (missing !== undefined) throw new Error(missing.trim());
    return machine.stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The network that a machine had when it said what it found (see consoleOf). */
export function networkOf(console: string): SavedNetwork {
  const found = [...console.matchAll(/^smoke: network (\w+) (\[.*\])\r?$/gm)].map(([, name, json]) => [name, json]);
  return v.parse(SavedNetwork, Object.fromEntries(found));
}
