import { runOverSsh, SmokeFacts, waitForSsh } from 'nixos-images/boot';
import { expect, inject } from 'vitest';
import { bootTest, PATIENCE } from './boot-test.ts';
import { debianHost } from './hosts/debian.ts';
import { identityFiles, initrdWithOverlay, makeHostIdentity } from './hosts/host.ts';

const ADDRESS = '10.0.2.77';
const NETWORK = `[Match]
Name=en* eth*
[Network]
Address=${ADDRESS}/24
Gateway=10.0.2.2
DNS=10.0.2.3
`;

bootTest('kexec-debian', 'the line from the README turns a Debian host into the installer', async ({ step, start }) => {
  const image = await debianHost();
  await using identity = await makeHostIdentity('debian-host');
  await using initrd = await initrdWithOverlay(image.initrd, [
    ...(await identityFiles(identity)),
    { path: 'etc/systemd/network/10-static.network', content: NETWORK },
    { path: 'etc/resolv.conf', content: 'nameserver 10.0.2.3\n' },
  ]);
  await using machine = await start({
    arch: 'x86_64',
    firmware: 'bios',
    memoryMiB: 1024,
    boot: { from: 'kernel', kernel: image.kernel, initrd: initrd.path, parameters: 'console=ttyS0 quiet' },
    disks: [image.disk],
    wiring: { as: 'plain' },
    sshAddress: ADDRESS,
  });
  const target = {
    port: machine.sshPort,
    user: 'root',
    key: identity.key,
    // Strict checking against the old host's key, before and after: as the administrator's known_hosts would.
    hostKeys: [identity.hostKey.publicKey],
  };
  await waitForSsh(target, { seconds: PATIENCE });
  step('logged in to Debian');

  const line = `curl ${inject('stackHost')}/kexec/x86_64 | tar -xz -C /root && /root/kexec/run`;
  const kexec = await runOverSsh(target, line, { seconds: PATIENCE });
  expect(kexec.exitCode, kexec.stderr).toBe(0);
  expect(kexec.stdout).toContain('machine will boot into nixos');
  step('machine will boot into nixos');

  await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
  step('the new system is up');
  const facts = new SmokeFacts(machine.console.text);
  expect(facts.of('kind')).toMatchObject([{ kind: 'kexec', arch: 'x86_64' }]);
  expect(facts.of('machine-id').map(({ id }) => id)).toEqual([identity.machineId]);
  expect(facts.of('hostname').map(({ name }) => name)).toEqual([identity.hostname]);
  expect(facts.of('host-key').map(({ fingerprint }) => fingerprint)).toEqual([identity.hostKey.fingerprint]);
  expect(facts.of('authorized-key').map(({ fingerprint }) => fingerprint)).toEqual([identity.key.fingerprint]);
  expect(facts.of('address').map(({ address }) => address)).toContain(`${ADDRESS}/24`);
  expect(facts.of('dns').map(({ server }) => server)).toEqual(['10.0.2.3']);
  expect(facts.of('missing')).toEqual([]);

  const after = await runOverSsh(target, 'cat /etc/os-release /etc/machine-id; uname -r', { seconds: PATIENCE });
  expect(after.stdout).toMatch(/^ID="?nixos"?$/m);
  expect(after.stdout).toMatch(/^VARIANT_ID="?installer"?$/m);
  expect(after.stdout).toContain(identity.machineId);
  step('logged in to the installer with the old key');
});
