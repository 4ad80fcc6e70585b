import { runOverSsh, type SshResult, waitForSsh, whileOn } from 'nixos-images/boot';
import { expect, inject } from 'vitest';
import { bootTest, PATIENCE } from '../boot-test.ts';
import { NETWORKS } from './network.ts';
import { startHost } from './start-host.ts';

/** A state of the host in which kexec cannot work, and what is said about it. */
interface Refusal {
  readonly reason: string;
  readonly message: RegExp;
  /** Shell commands that bring the state about. */
  readonly provoke: string;
  /** How the script is run. */
  readonly run?: string;
  /** Shell commands that undo it; none where the kernel allows no way back. */
  readonly undo?: string;
}

// In this order: the last two stay until the next boot, and the script looks at the last one first.
const REFUSALS: readonly Refusal[] = [
  {
    reason: 'the caller is not root',
    message: /only root can start another kernel; use: sudo/,
    provoke: 'true',
    run: 'setpriv --reuid 1000 --regid 1000 --clear-groups /srv/kexec/run',
  },
  {
    reason: 'no key could log in',
    message: /no SSH key that may log in was found for root/,
    provoke: 'mv /root/.ssh/authorized_keys /root/keys',
    undo: 'mv /root/keys /root/.ssh/authorized_keys',
  },
  {
    reason: 'the disk is full',
    message: /no folder that can be written to has \d+ MiB free/,
    provoke: `mount -o remount,size=1M /dev/shm; mount -o remount,size=8M /run
      fallocate -l "$(df --output=avail -B1 / | tail -n 1)" /fill; sync`,
    undo: 'rm /fill; mount -o remount,size=100M /run; mount -o remount,size=100% /dev/shm',
  },
  {
    reason: 'programs may not be run from there',
    message: /programs in \/mnt\/kexec cannot be run, probably because the file system is mounted noexec/,
    provoke: 'mkdir -p /mnt && mount -t tmpfs -o noexec none /mnt && cp -r /srv/kexec /mnt/',
    run: 'sh /mnt/kexec/run',
    undo: 'umount /mnt',
  },
  {
    reason: 'the memory is used up',
    message: /loading the installer takes \d+ MiB of memory and \d+ MiB are available/,
    provoke: `sync; echo 3 >/proc/sys/vm/drop_caches
      available=$(sed -n 's/^MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)
      fallocate -l "$((available - 50000))K" /dev/shm/fill`,
    undo: 'rm /dev/shm/fill',
  },
  {
    reason: 'the kernel is locked down',
    message: /the kernel is locked down \(integrity\) and starts signed kernels only/,
    provoke: 'echo integrity >/sys/kernel/security/lockdown',
  },
  {
    reason: 'kexec is switched off',
    message: /kexec is switched off until the next boot \(sysctl kernel.kexec_load_disabled = 1\)/,
    provoke: 'sysctl -q kernel.kexec_load_disabled=1',
  },
];

bootTest('kexec-refusals', 'each is said before anything is lost, and the host goes on', async (boot) => {
  await using scope = new AsyncDisposableStack();
  const host = await startHost(boot, scope, {
    host: 'debian',
    network: NETWORKS.static,
    keys: 'root/.ssh/authorized_keys',
  });
  const login = host.login('root');
  const options = { seconds: PATIENCE, signal: whileOn(host.machine, undefined) };
  const shell = (command: string): Promise<SshResult> => runOverSsh(login, command, options);
  // The boot id changes with every kernel that starts; a loaded kernel would wait for the next reboot.
  const state =
    'cat /proc/sys/kernel/random/boot_id /sys/kernel/kexec_loaded; ls -A /srv/kexec; ls -d /*/kexec-run.* 2>&1';

  await waitForSsh(login, options);
  boot.step('logged in to the host');
  await shell(`curl -s ${inject('stackHost')}/kexec/x86_64 | tar -xz -C /srv && chmod -R a+rX /srv`);
  const before = await shell(state);
  for (const { reason, message, provoke, run = '/srv/kexec/run', undo = 'true' } of REFUSALS) {
    // In one session: with the key gone, nobody could log in to bring it back.
    const { stdout, stderr, exitCode } = await shell(
      `{ ${provoke}\n} >&2 && ${run}; code=$?; { ${undo}\n} >&2; exit $code`,
    );
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
    expect(stdout).not.toContain('machine will boot');
    expect((await shell(state)).stdout).toBe(before.stdout);
    boot.step(`${reason}: ${stderr.trim().split('\n').at(-1)}`);
  }
});
