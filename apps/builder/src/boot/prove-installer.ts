import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { questions } from '@nixos-images/shared/asked-of-installers';
import type { Machine } from './machine.ts';
import { runOverSsh, type SshTarget, waitForSsh } from './ssh.ts';

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
 * Shows that a machine has booted into an installer: sshd lets root in with `target`'s key, and it has all that programs which
 * install over SSH ask for. Throws when the machine ends, the time is up, or something is lacking.
 */
export async function proveInstaller(
  machine: Machine,
  target: SshTarget,
  image: { readonly smoke: boolean },
  options: ProveOptions,
): Promise<void> {
  const within = { seconds: options.seconds, signal: whileOn(machine, options.signal) };
  await waitForSsh(target, within);
  const { stdout } = await runOverSsh(target, questions(image), within);
  const lacking = stdout.trim().replaceAll('\n', '; ');
  if (lacking !== '') throw new NotAnInstaller(`the booted system is no installer, it lacks: ${lacking}`);
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
