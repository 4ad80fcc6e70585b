import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { findTool } from './tool.ts';

const OPENSSH = { debian: 'openssh-client', nix: 'openssh' };

/** A throw-away key pair, deleted at the end of its scope. */
export interface SshKey extends AsyncDisposable {
  readonly privateKeyFile: string;
  /** One line as it stands in authorized_keys. */
  readonly publicKey: string;
  /** `SHA256:…`, as ssh-keygen prints it. */
  readonly fingerprint: string;
}

/** Makes an Ed25519 key pair in a folder of its own. */
export async function makeSshKey(comment: string): Promise<SshKey> {
  const keygen = await findTool('ssh-keygen', OPENSSH);
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-key-'));
  const privateKeyFile = join(folder, 'key');
  await execa(keygen, ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', privateKeyFile]);
  const publicKey = (await readFile(`${privateKeyFile}.pub`, 'utf8')).trim();
  return {
    privateKeyFile,
    publicKey,
    fingerprint: await fingerprintOf(publicKey),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** `SHA256:…` of a public key line. */
export async function fingerprintOf(publicKey: string): Promise<string> {
  const keygen = await findTool('ssh-keygen', OPENSSH);
  const { stdout } = await execa(keygen, ['-l', '-f', '-'], { input: publicKey });
  const [, fingerprint = ''] = stdout.split(' ');
  return fingerprint;
}

export interface SshTarget {
  /** Port of 127.0.0.1. */
  readonly port: number;
  readonly user: string;
  readonly key: SshKey;
  /** Public host keys (`type base64`) that the server must have one of; `any` believes whoever answers. */
  readonly hostKeys: readonly string[] | 'any';
}

export interface SshResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface SshRunOptions {
  /** Give up after this many seconds. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
}

const HOST_ALIAS = 'guest';
/**
 * QEMU takes a connection while nobody listens in the guest; whoever waits long on such a one waits in vain. A guest on a busy machine
 * is slow to answer, on the other hand: each try waits a second longer than the one before, up to the most.
 */
const SHORTEST_WAIT = 4;
const LONGEST_WAIT = 20;
/** ssh's own exit code for a connection that failed (ssh(1)). */
const NO_CONNECTION = 255;

/**
 * Runs a shell command on a machine that can be logged into. Throws Error with ssh's own words when there is no connection or the time
 * is up; a command that fails is no error.
 */
export function runOverSsh(target: SshTarget, command: string, options: SshRunOptions): Promise<SshResult> {
  return runOnceConnected(target, command, options, options.seconds);
}

async function runOnceConnected(
  target: SshTarget,
  command: string,
  options: SshRunOptions,
  connectSeconds: number,
): Promise<SshResult> {
  const ssh = await findTool('ssh', OPENSSH);
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-ssh-'));
  try {
    const knownHosts = join(folder, 'known_hosts');
    const lines = target.hostKeys === 'any' ? [] : target.hostKeys.map((key) => `${HOST_ALIAS} ${key}\n`);
    await writeFile(knownHosts, lines.join(''));
    const result = await execa(
      ssh,
      [
        // Nothing of the user's own configuration, keys or agent may decide whether a test passes.
        ...['-F', 'none', '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none', '-o', 'BatchMode=yes'],
        ...['-o', `HostKeyAlias=${HOST_ALIAS}`, '-o', `UserKnownHostsFile=${knownHosts}`],
        ...[
          '-o',
          'GlobalKnownHostsFile=none',
          '-o',
          `StrictHostKeyChecking=${target.hostKeys === 'any' ? 'no' : 'yes'}`,
        ],
        ...['-o', 'LogLevel=ERROR', '-o', `ConnectTimeout=${Math.ceil(connectSeconds)}`],
        ...['-i', target.key.privateKeyFile, '-p', `${target.port}`, `${target.user}@127.0.0.1`, '--', command],
      ],
      {
        stdin: 'ignore',
        reject: false,
        timeout: options.seconds * 1000,
        ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      },
    );
    options.signal?.throwIfAborted();
    if (result.timedOut) throw new Error(`ssh was not done within ${options.seconds} s`);
    if (result.exitCode === undefined || result.exitCode === NO_CONNECTION) {
      throw new Error(`no SSH connection: ${result.stderr.trim() || result.shortMessage}`);
    }
    return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Tries to log in until a command can be run; throws the last reason when the time is up. */
export async function waitForSsh(target: SshTarget, options: SshRunOptions): Promise<void> {
  const deadline = performance.now() + options.seconds * 1000;
  for (let wait = SHORTEST_WAIT; ; wait = Math.min(wait + 1, LONGEST_WAIT)) {
    const left = (deadline - performance.now()) / 1000;
    const seconds = Math.max(1, Math.min(left, 5 * wait));
    try {
      await runOnceConnected(target, 'true', { seconds, signal: options.signal }, wait);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (performance.now() >= deadline) throw error;
      await sleep(300, undefined, { signal: options.signal });
    }
  }
}
