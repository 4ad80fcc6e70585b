import { makeSshKey, runOverSsh, waitForSsh, whileOn } from 'nixos-images/boot';
import { SmokeFacts } from 'nixos-images/testing';
import { expect, inject } from 'vitest';
import { bootTest, PATIENCE } from '../boot-test.ts';
import { NETWORKS } from './network.ts';
import { startHost } from './start-host.ts';

const LOGIND = {
  ...NETWORKS.static,
  files: [
    ...NETWORKS.static.files,
    { path: 'etc/systemd/logind.conf.d/kill.conf', content: '[Login]\nKillUserProcesses=yes\n' },
    { path: 'etc/ssh/sshd_config', content: 'UsePAM yes\n' },
    { path: 'etc/pam.d/common-session', content: 'session required pam_permit.so\nsession required pam_systemd.so\n' },
  ],
};

bootTest('kexec-jump', 'outlives a session that logind ends with all its processes', async (boot) => {
  await using scope = new AsyncDisposableStack();
  const keys = 'home/admin/.ssh/authorized_keys';
  const { machine, login } = await startHost(boot, scope, { host: 'debian', network: LOGIND, keys });
  const newKey = scope.use(await makeSshKey('of the second run'));
  const options = { seconds: PATIENCE, signal: whileOn(machine, undefined) };
  const shell = (command: string) => runOverSsh(login('admin'), command, options);

  await waitForSsh(login('admin'), options);
  boot.step('logged in to the host');
  // What merely leaves the terminal dies with the session: this is what the jump has to escape.
  const left = await shell('setsid sleep 4711 </dev/null >/dev/null 2>&1 & cat /proc/self/cgroup');
  expect(left.stdout).toMatch(/^0::\/user\.slice\/user-1000\.slice\/session-\w+\.scope$/m);
  const gone = 'for try in $(seq 100); do pgrep -xf "sleep 4711" >/dev/null || exit 0; sleep 0.2; done';
  expect((await shell(`${gone}; exit 1`)).exitCode).toBe(0);
  boot.step('logind ended what a session left');

  const twice = await shell(
    `curl -s ${inject('stackHost')}/kexec/x86_64 | sudo tar -xz -C /root && sudo /root/kexec/run &&
      echo '${newKey.publicKey}' | sudo tee /${keys} && sudo /root/kexec/run`,
  );
  expect(twice.exitCode, twice.stderr).toBe(0);
  expect(twice.stdout).toContain('an earlier run was about to start its kernel; that is called off');
  boot.step('machine will boot into nixos');
  await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
  const facts = new SmokeFacts(machine.console.text);
  expect(facts.of('kind')).toMatchObject([{ kind: 'kexec', arch: 'x86_64' }]);
  expect(facts.of('authorized-key').map(({ fingerprint }) => fingerprint)).toEqual([newKey.fingerprint]);
});
