import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { findMachineParts, type MachineParts, needIpxe, needUefi } from './firmware.ts';
import { freeLoopbackPort } from './loopback-port.ts';
import type { MachineDescription } from './machine-description.ts';
import { type IpxeFiles, qemuArguments } from './qemu-arguments.ts';
import { SerialConsole } from './serial-console.ts';

export interface StartOptions {
  /** Where the serial console is written to; its folder is made. */
  readonly logFile: string;
  /** Stops the machine when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A running machine. Leave it with `await using`, or call `stop`; it never outlives the process that started it. */
export interface Machine extends AsyncDisposable {
  readonly description: MachineDescription;
  /** The QEMU program that emulates it. */
  readonly program: string;
  readonly console: SerialConsole;
  /** Port of 127.0.0.1 that leads to port 22 of the guest's `sshAddress`. */
  readonly sshPort: number;
  /** Seconds since it was switched on. */
  seconds(): number;
  /** Types on the serial console. */
  type(text: string): void;
  /** Resolves when the guest has switched itself off, or the machine was stopped. */
  readonly off: Promise<void>;
  /** Pulls the plug and waits until QEMU is gone. */
  stop(): Promise<void>;
}

/**
 * Switches a machine on. Throws Failure with exit code 2 when QEMU or firmware is missing. A QEMU that refuses to start,
 * like anything later, is seen on the console: it closes, and every wait on it fails with QEMU's own words.
 */
export async function startMachine(description: MachineDescription, options: StartOptions): Promise<Machine> {
  options.signal?.throwIfAborted();
  const parts = await findMachineParts(description.arch);
  const uefi = description.firmware === 'uefi' ? needUefi(parts, description.arch) : undefined;
  await using scope = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-machine-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const ipxe = await layOutIpxe(description, parts, folder);
  const { wiring } = description;
  const between = wiring.as === 'switch' ? await wiring.start() : undefined;
  scope.defer(() => between?.close());
  await mkdir(dirname(options.logFile), { recursive: true });
  const sshPort = await freeLoopbackPort();
  const command = qemuArguments(description, { accelerator: parts.accelerator, sshPort, uefi, ipxe, between });
  return switchOn(description, options, parts, command, sshPort, scope.move());
}

async function layOutIpxe(
  { boot, arch, firmware }: MachineDescription,
  parts: MachineParts,
  folder: string,
): Promise<IpxeFiles | undefined> {
  if (boot.from !== 'ipxe-script') return undefined;
  const name = 'script.ipxe';
  if (arch === 'x86_64') {
    const script = join(folder, name);
    await writeFile(script, boot.script);
    // The BIOS binary is five seconds faster than the ROM.
    if (firmware === 'bios' && parts.ipxeKernel !== undefined)
      return { as: 'kernel', binary: parts.ipxeKernel, script };
    return { as: 'tftp', folder, script: name };
  }
  const drive = join(folder, 'drive');
  // UEFI's fall-back boot file, and the script that iPXE looks for beside itself.
  await mkdir(join(drive, 'EFI', 'BOOT'), { recursive: true });
  await copyFile(needIpxe(parts, arch), join(drive, 'EFI', 'BOOT', 'BOOTAA64.EFI'));
  await writeFile(join(drive, 'autoexec.ipxe'), boot.script);
  return { as: 'drive', folder: drive };
}

function switchOn(
  description: MachineDescription,
  options: StartOptions,
  parts: MachineParts,
  command: readonly string[],
  sshPort: number,
  scope: AsyncDisposableStack,
): Machine {
  const started = performance.now();
  const serial = new SerialConsole(options.logFile);
  // The kernel kills QEMU when this process dies, however it dies: no exit handler runs after SIGKILL (prctl(2)).
  const qemu = execa(parts.setpriv, ['--pdeathsig', 'KILL', '--', parts.qemu, ...command], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: { stdout: false, stderr: true },
    encoding: 'utf8',
    reject: false,
    forceKillAfterDelay: 2000,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  qemu.stdout.on('data', (bytes: Uint8Array) => serial.feed(bytes));
  qemu.stdin.on('error', () => undefined);
  let pulled = false;
  const off = (async (): Promise<void> => {
    const result = await qemu;
    const words = result.stderr.trim().split('\n').at(-1) ?? '';
    const why =
      pulled || result.isCanceled
        ? `${description.name} was stopped`
        : result.exitCode === 0
          ? `${description.name} switched itself off`
          : `QEMU ended with ${result.exitCode ?? result.signal}: ${words}`;
    await serial.close(why);
    await scope.disposeAsync();
  })();
  const stop = async (): Promise<void> => {
    pulled = true;
    qemu.kill('SIGTERM');
    await off;
  };
  return {
    description,
    program: parts.qemu,
    console: serial,
    sshPort,
    seconds: () => (performance.now() - started) / 1000,
    type: (text) => void qemu.stdin.write(text),
    off,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
