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

/**
 * Boots a kernel and an initrd, with `files` as a second one, on a machine with two cards, each on a wire of its own without anybody else, and
 * gives the network that it then has. Throws when it is not ready after `seconds`; the error holds the console.
 */
export async function networkOf(
  boot: { readonly kernel: string; readonly initrd: string },
  files: readonly NewcEntry[],
  seconds: number,
): Promise<SavedNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'network-machine-'));
  try {
    const extra = join(folder, 'extra');
    const initrd = join(folder, 'initrd');
    await writeFile(extra, newcArchive(files));
    await execa('cat', [boot.initrd, extra], { stdout: { file: initrd } });
    const card = (number: number) => [
      ...['-netdev', `hubport,id=wire${number},hubid=${number}`],
      ...['-device', `virtio-net-pci,romfile=,netdev=wire${number},mac=52:54:00:00:01:0${number}`],
    ];
    const machine = await execa(
      'qemu-system-x86_64',
      [
        ...['-m', '512', '-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot', '-nodefaults'],
        ...['-kernel', boot.kernel, '-initrd', initrd, ...card(1), ...card(2)],
        ...['-append', 'console=ttyS0 panic=-1 loglevel=4 smoke.network smoke.poweroff'],
      ],
      { timeout: seconds * 1000, stdin: 'ignore' },
    );
    const missing = machine.stdout.split('\n').find((line) => line.startsWith('smoke: missing network'));
    if (missing !== undefined) throw new Error(missing.trim());
    const found = [...machine.stdout.matchAll(/^smoke: network (\w+) (\[.*\])\r?$/gm)].map(([, name, json]) => [
      name,
      json,
    ]);
    return v.parse(SavedNetwork, Object.fromEntries(found));
  } finally {
    await rm(folder, { recursive: true });
  }
}
