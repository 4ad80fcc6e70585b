import { mkdir, open, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  addressArea,
  type BootPath,
  type BootTest,
  type Customisation,
  defaultVariant,
  ExtraCmdline,
  filesOf,
  formatAddress,
  formatImageId,
  type Image,
  type IpxeImage,
  imageAddress,
  imageIdOf,
  imageIdWord,
  type Manifest,
  NO_CUSTOMISATION,
  type Part,
  PublicKey,
} from '@nixos-images/shared';
import { execa } from 'execa';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import { download } from './download.ts';
import { asSeenFromGuest, firmwareOf, httpBootMachine, isoMachine, netbootMachine } from './image-machine.ts';
import { kexecHost, kexecLine } from './kexec-host.ts';
import { type Machine, startMachine } from './machine.ts';
import type { MachineDescription } from './machine-description.ts';
import { NotAnInstaller, proveInstaller, whileOn } from './prove-installer.ts';
import { startRelay } from './relay.ts';
import { makeSshKey, runOverSsh, type SshKey, type SshTarget, waitForSsh } from './ssh.ts';

export interface BootGateOptions {
  readonly manifest: Manifest;
  /** A running edge that serves the release by its version; may be on this machine's loopback. */
  readonly edge: URL;
  /** Downloads go here and are deleted; the machines' console logs stay, as `<image>-<path>.log`. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Told of every test as soon as its outcome is known. */
  readonly onResult: (test: BootTest) => void;
  /** Told what is being done, such as `iso x86_64 interactive: iso-uefi-cd: power on`. */
  readonly onStep?: (text: string) => void;
}

export interface BootGateResult {
  /** Versions of what the tests ran with. */
  readonly tools: Record<string, string>;
  readonly tests: readonly BootTest[];
}

type Outcome =
  | { readonly outcome: 'booted'; readonly seconds: number }
  | { readonly outcome: 'failed' | 'not-tried'; readonly reason: string };

/** What keeps an image from being tried at all. */
class NotTried extends Error {
  override readonly name = 'NotTried';
}

interface Attempt {
  readonly image: Image;
  readonly path: BootPath;
}

/** Longest that one machine may take, in seconds: a full NixOS under software emulation needs minutes. */
const PATIENCE = 900;

/**
 * Boots every image of a release in every way it can start, from the addresses that users type, and logs in to each. What
 * fails or cannot be tried on this machine is an outcome, not an error. Throws Failure when nothing at all can be tried for
 * want of a tool (exit code 2), and the signal's reason when aborted.
 */
export async function bootRelease(options: BootGateOptions): Promise<BootGateResult> {
  await mkdir(options.folder, { recursive: true });
  await using key = await makeSshKey('boot-gate');
  const tools: Record<string, string> = {};
  const attempts = options.manifest.images.flatMap((image) => pathsOf(image).map((path) => ({ image, path })));
  const tests = new Map<Attempt, BootTest>();
  let missingTool: Failure | undefined;
  const waiting = [...attempts];
  // An emulated machine keeps a core busy.
  const workers = Array.from({ length: Math.min(4, availableParallelism()) }, async () => {
    for (let attempt = waiting.shift(); attempt !== undefined; attempt = waiting.shift()) {
      options.signal.throwIfAborted();
      let outcome: Outcome;
      try {
        outcome = await boot(attempt, options, key, tools);
      } catch (error) {
        options.signal.throwIfAborted();
        if (error instanceof Failure && error.exitCode === EXIT.usage) missingTool = error;
        outcome = outcomeOf(error);
      }
      const test = { ...imageIdOf(attempt.image), path: attempt.path, ...outcome };
      tests.set(attempt, test);
      options.onResult(test);
    }
  });
  await Promise.all(workers);
  const results = attempts.flatMap((attempt) => tests.get(attempt) ?? []);
  if (missingTool !== undefined && results.every(({ outcome }) => outcome === 'not-tried')) throw missingTool;
  return { tools, tests: results };
}

/** The ways in which an image can be started. */
export function pathsOf(image: Image): BootPath[] {
  const bios = image.arch === 'x86_64';
  switch (image.kind) {
    case 'kexec':
      return ['kexec'];
    case 'netboot':
      return [
        ...(bios ? (['netboot-bios'] as const) : []),
        'netboot-uefi',
        ...(image.efi === undefined ? [] : (['netboot-uefi-http'] as const)),
      ];
    case 'ipxe':
    case 'iso':
      return [...(bios ? (['iso-bios-cd', 'iso-bios-usb'] as const) : []), 'iso-uefi-cd', 'iso-uefi-usb'];
  }
}

function outcomeOf(error: unknown): Extract<Outcome, { reason: string }> {
  if (error instanceof NotTried) return { outcome: 'not-tried', reason: error.message };
  if (error instanceof Failure && error.exitCode === EXIT.usage) {
    return { outcome: 'not-tried', reason: [error.message, error.remedy].filter(Boolean).join(' ') };
  }
  return { outcome: 'failed', reason: error instanceof Error ? error.message : String(error) };
}

async function boot(
  { image, path }: Attempt,
  gate: BootGateOptions,
  key: SshKey,
  tools: Record<string, string>,
): Promise<Outcome> {
  const name = `${imageIdWord(image)}-${path}`;
  const step = (text: string): void => gate.onStep?.(`${formatImageId(image)}: ${path}: ${text}`);
  if (image.kind === 'iso' && image.customisation === undefined) {
    return { outcome: 'not-tried', reason: 'the ISO has no room for a key, so nobody could log in to it' };
  }
  const work = join(gate.folder, `${name}.work`);
  await mkdir(work, { recursive: true });
  try {
    step('preparing');
    await using resources = new AsyncDisposableStack();
    const description = await describe(name, { image, path }, gate, key, { work, resources });
    await using machine = await startMachine(description, {
      logFile: join(gate.folder, `${name}.log`),
      signal: gate.signal,
    });
    step('power on');
    try {
      const root = { port: machine.sshPort, user: 'root', key, hostKeys: 'any' } as const;
      if (path === 'kexec') await jump(machine, image, gate, root, step);
      else await proveInstaller(machine, root, gate.manifest, { seconds: PATIENCE, signal: gate.signal });
    } catch (error) {
      step(`failed: ${outcomeOf(error).reason}; the end of its console:\n${machine.console.tail(20)}`);
      throw error;
    }
    const seconds = Math.round(machine.seconds() * 10) / 10;
    step(`booted in ${seconds} s`);
    await noteVersions(machine, tools);
    return { outcome: 'booted', seconds };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function describe(
  name: string,
  { image, path }: Attempt,
  gate: BootGateOptions,
  key: SshKey,
  { work, resources }: { readonly work: string; readonly resources: AsyncDisposableStack },
): Promise<MachineDescription> {
  const bytes = filesOf(image).reduce((sum, { file }) => sum + file.size, 0);
  const publicKey = v.parse(PublicKey, key.publicKey);
  if (path === 'kexec') {
    const tarball = join(work, 'tarball');
    await download(addressOf(gate, image, undefined), tarball, gate.signal);
    return await kexecHost(name, image.arch, tarball, publicKey, storeParameters(gate, image), work);
  }
  const [parameter] = storeParameters(gate, image);
  const cmdline = parameter === undefined ? {} : { cmdline: v.parse(ExtraCmdline, parameter) };
  const withKey = { ...NO_CUSTOMISATION, keys: [publicKey], ...cmdline };
  const address = addressOf(gate, image, withKey);
  if (image.kind === 'netboot' && path === 'netboot-uefi-http') {
    // DHCP's messages have no room for an address with a key.
    const relay = resources.use(await startRelay(addressOf(gate, image, withKey, 'efi'), 'installer.efi'));
    return httpBootMachine(name, image.arch, asSeenFromGuest(relay.address), bytes);
  }
  if (image.kind === 'netboot') {
    return netbootMachine(name, image.arch, firmwareOf(path), asSeenFromGuest(address), bytes);
  }
  const iso = join(work, 'image.iso');
  const as = path.endsWith('-usb') ? 'usb' : 'cd';
  if (image.kind === 'ipxe') {
    const lead = await leadToInstaller(image, gate, withKey, iso);
    return await isoMachine(name, image.arch, firmwareOf(path), as, iso, lead.bytes);
  }
  await download(address, iso, gate.signal);
  return await isoMachine(name, image.arch, firmwareOf(path), as, iso);
}

/**
 * Downloads iPXE's ISO and writes into it, as an edge does, the address that it goes on at: the script of the release's own netboot image,
 * because the menu of a release that is not promoted yet is of another.
 */
async function leadToInstaller(
  image: IpxeImage,
  gate: BootGateOptions,
  withKey: Customisation,
  iso: string,
): Promise<{ bytes: number }> {
  const [first, ...others] = gate.manifest.images.filter(({ kind, arch }) => kind === 'netboot' && arch === image.arch);
  const installer = others.find(({ variant }) => variant === defaultVariant('netboot')) ?? first;
  if (installer === undefined) throw new NotTried('the release has no netboot image that iPXE could go on with');
  const { length, offsets } = image.address;
  const area = addressArea(asSeenFromGuest(addressOf(gate, installer, withKey)).href, length);
  if (image.files.iso === undefined || offsets.iso === undefined || area === undefined)
    throw new NotTried('the image has no ISO that an address can be written into');
  await download(addressOf(gate, image, undefined, 'iso'), iso, gate.signal);
  await using file = await open(iso, 'r+');
  for (const offset of offsets.iso) await file.write(area, 0, area.length, offset);
  return { bytes: filesOf(installer).reduce((sum, one) => sum + one.file.size, 0) };
}

/** Types the kexec line on a running host, and logs in to what comes after. */
async function jump(
  machine: Machine,
  image: Image,
  gate: BootGateOptions,
  root: SshTarget,
  step: (text: string) => void,
): Promise<void> {
  const options = { seconds: PATIENCE, signal: whileOn(machine, gate.signal) };
  const bootId = 'cat /proc/sys/kernel/random/boot_id';
  await waitForSsh(root, options);
  const before = await runOverSsh(root, `${bootId}; cat /etc/ssh/ssh_host_ed25519_key.pub`, options);
  const [oldBoot = '', hostKey = ''] = before.stdout.split('\n');
  const host = { ...root, hostKeys: [hostKey.split(' ').slice(0, 2).join(' ')] };
  step('typing the kexec line');
  const line = kexecLine(asSeenFromGuest(addressOf(gate, image, undefined)), storeAddress(gate, image));
  const run = await runOverSsh(host, line, options);
  if (run.exitCode !== 0) throw new NotAnInstaller(`kexec/run refused: ${run.stderr.trim().split('\n').at(-1) ?? ''}`);
  step('jumping');
  const deadline = performance.now() + PATIENCE * 1000;
  for (let boot = oldBoot; boot === oldBoot; ) {
    if (performance.now() > deadline) throw new NotAnInstaller(`the host was still running after ${PATIENCE} s`);
    await waitForSsh(host, options);
    // The host may go down between the two.
    const now = await runOverSsh(host, bootId, { ...options, seconds: 20 }).catch(() => undefined);
    options.signal.throwIfAborted();
    boot = now?.stdout.trim() ?? oldBoot;
  }
  await proveInstaller(machine, host, gate.manifest, { seconds: PATIENCE, signal: gate.signal });
}

function addressOf(gate: BootGateOptions, image: Image, customisation: Customisation | undefined, part?: Part): URL {
  const rest = { ref: gate.manifest.version, customisation, ...(part && { part }) };
  return new URL(imageAddress(image, rest), gate.edge);
}

/** Where a lean image fetches its store from: the edge that the gate uses, which is none that it knows by itself. */
function storeAddress({ manifest: { version }, edge }: BootGateOptions, image: Image): URL | undefined {
  const store = filesOf(image).find(({ role }) => role === 'store');
  if (store === undefined) return undefined;
  return asSeenFromGuest(new URL(formatAddress({ type: 'entry', version, name: store.file.name }), edge));
}

/** The same as kernel parameters; none for a complete image. */
function storeParameters(gate: BootGateOptions, image: Image): readonly string[] {
  const address = storeAddress(gate, image);
  return address === undefined ? [] : [`live.nixos.store=${address.href}`];
}

async function noteVersions(machine: Machine, tools: Record<string, string>): Promise<void> {
  const ipxe = /iPXE (\d\S*)/.exec(machine.console.text)?.[1];
  if (ipxe !== undefined) tools['ipxe'] = ipxe;
  if (tools['qemu'] !== undefined) return;
  const { stdout } = await execa(machine.program, ['--version']);
  const qemu = /version (\S+)/.exec(stdout)?.[1];
  if (qemu !== undefined) tools['qemu'] = qemu;
}
