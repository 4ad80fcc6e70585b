import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.ts';
import { runOverSsh, type SshKey, type SshTarget, waitForSsh } from './ssh.ts';

/** A machine that came up, but is not what it should be. */
export class NotAnInstaller extends Error {
  override readonly name = 'NotAnInstaller';
}

export interface ProveOptions {
  /** Give up after this many seconds. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Shows that a machine has booted into an installer, as nixos-anywhere finds out: sshd lets root in with `key`, and
 * os-release says ID=nixos and VARIANT_ID=installer. Throws when the machine ends, the time is up, or it says otherwise.
 */
export async function proveInstaller(
  machine: Machine,
  key: SshKey,
  hostKeys: SshTarget['hostKeys'],
  options: ProveOptions,
): Promise<void> {
  const target = { port: machine.sshPort, user: 'root', key, hostKeys };
  const signal = whileOn(machine, options.signal);
  await waitForSsh(target, { seconds: options.seconds, signal });
  const { stdout } = await runOverSsh(target, 'cat /etc/os-release', { seconds: options.seconds, signal });
  for (const [name, value] of [
    ['ID', 'nixos'],
    ['VARIANT_ID', 'installer'],
  ] as const) {
    // os-release(5): values may be quoted.
    if (!new RegExp(`^${name}=(["']?)${value}\\1$`, 'm').test(stdout)) {
      throw new NotAnInstaller(`the booted system is no installer: its os-release does not say ${name}=${value}`);
    }
  }
}

/** The signal that ends a wait when the machine is gone, or when the caller says so. */
export function whileOn(machine: Machine, signal: AbortSignal | undefined): AbortSignal {
  return signal === undefined ? machine.console.ended : AbortSignal.any([machine.console.ended, signal]);
}

/** The first line that the machine's SSH server sends (RFC 4253, section 4.2), once there is one to ask. */
export async function sshBanner(machine: Machine, options: ProveOptions): Promise<string> {
  const deadline = performance.now() + options.seconds * 1000;
  const signal = whileOn(machine, options.signal);
  for (;;) {
    const banner = await firstLine(machine.sshPort, signal);
    if (banner !== undefined) return banner;
    if (performance.now() >= deadline) throw new Error(`no SSH server answered within ${options.seconds} s`);
    await sleep(300, undefined, { signal });
  }
}

/** QEMU takes every connection, and closes it when the guest does not. */
async function firstLine(port: number, signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ port, host: '127.0.0.1', signal });
  let text = '';
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    if (text.includes('\n')) socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(/^(SSH-2\.0-[^\r\n]*)\r?\n/.exec(text)?.[1]));
  return await promise;
}
