import { questions } from '@nixos-images/shared/asked-of-installers';
import { runOverSsh, waitForSsh, whileOn } from 'nixos-images/boot';
import { SmokeFacts } from 'nixos-images/testing';
import { expect, inject } from 'vitest';
import { type BootTest, bootTest, PATIENCE } from '../boot-test.ts';
import { HOST_KINDS, type HostKind, type HostKindName } from './host-kinds.ts';
import { type HostNetwork, NETWORKS } from './network.ts';
import { type Host, startHost } from './start-host.ts';

/** Who types the line, and where. */
interface Typist {
  readonly name: string;
  /** Where a host and its network stand twice in the matrix. */
  readonly instance?: string;
  readonly at: 'ssh' | 'console';
  readonly user: string;
  readonly keys: string;
  /** Made of the host and port of the edge. */
  readonly line: (edge: string) => string;
}

const TARBALL = 'kexec/x86_64';

const ROOT_KEYS = 'root/.ssh/authorized_keys';
const ADMIN_KEYS = 'home/admin/.ssh/authorized_keys';

const becoming = (become: string) => (edge: string) =>
  `curl ${edge}/${TARBALL} | ${become} tar -xz -C /root && ${become} /root/kexec/run`;
// The first line of the README, as it stands there.
const withCurl = (edge: string): string => `curl ${edge}/${TARBALL} | tar -xz -C /root && /root/kexec/run`;
const withWget = (edge: string): string => `wget -qO- ${edge}/${TARBALL} | tar -xz -C /root && /root/kexec/run`;
// The script finds out by itself who may become root, and how to download.
const scriptWithCurl = (edge: string): string => `curl -fsSL http://${edge}/kexec.sh | sh`;
const scriptWithWget = (edge: string): string => `wget -qO- http://${edge}/kexec.sh | sh`;

// As nixos-anywhere does: its script lies beside what is unpacked, its `set -e` is void left of `||`, and what counts is a line of
// the log. The first download breaks off.
const asNixosAnywhere = (become: string) => (edge: string) =>
  `
mkdir -p "$HOME/kexec"
attempt() {
cat >"$HOME/kexec/nixos-anywhere-kexec.sh" <<END
{
  set -eu
  cd "\\$HOME/kexec"
  $1 | tar -xv --gzip
  TMPDIR="\\$HOME/kexec" ${become} setsid --wait "\\$HOME/kexec/kexec/run" --kexec-extra-flags ''
} 2>&1 | tee "\\$HOME/kexec/nixos-anywhere.log" || true
grep -q 'machine will boot into nixos' "\\$HOME/kexec/nixos-anywhere.log"
END
bash "$HOME/kexec/nixos-anywhere-kexec.sh"
}
if command -v wget >/dev/null; then fetch="wget http://${edge}/${TARBALL}.tar.gz -O-"; else fetch="curl --fail -Ss -L http://${edge}/${TARBALL}.tar.gz"; fi
! attempt "$fetch | head -c 5000000" && echo 'nothing started' && attempt "$fetch"`;

const BASH: Typist = { name: 'root, bash', at: 'ssh', user: 'root', keys: ROOT_KEYS, line: withCurl };
const ASH: Typist = { name: 'root, ash', at: 'ssh', user: 'root', keys: ROOT_KEYS, line: withWget };
const CONSOLE: Typist = { name: 'console, ash', at: 'console', user: 'root', keys: ROOT_KEYS, line: withWget };
const SUDO: Typist = { name: 'sudo, dash', at: 'ssh', user: 'admin', keys: ADMIN_KEYS, line: becoming('sudo') };
const DOAS: Typist = { name: 'doas, dash', at: 'ssh', user: 'admin', keys: ADMIN_KEYS, line: becoming('doas') };
const CLIENT: Typist = {
  name: 'nixos-anywhere, sudo',
  at: 'ssh',
  user: 'admin',
  keys: ADMIN_KEYS,
  line: asNixosAnywhere('sudo'),
};
const AGAIN: Typist = {
  ...CLIENT,
  name: 'nixos-anywhere, root',
  user: 'root',
  keys: 'host-state/authorized_keys',
  line: asNixosAnywhere(''),
};
/** Has the script do what another one types. */
const byScript = (typist: Typist, line: Typist['line']): Typist => ({
  ...typist,
  name: `${typist.name.replace(/^nixos-anywhere, /, '')}, kexec.sh`,
  line,
});
/** Does it on a host and network on which the other one stands, too. */
const also = (typist: Typist): Typist => ({ ...typist, instance: 'script' });
const DROPBEAR: Typist = { ...ASH, keys: 'etc/dropbear/authorized_keys' };
const NIXOS: Typist = { ...BASH, keys: 'etc/ssh/authorized_keys.d/root' };

const MATRIX: readonly (readonly [HostKindName, HostNetwork, Typist])[] = [
  ['debian', NETWORKS.static, BASH],
  ['debian', NETWORKS.dynamic, byScript(SUDO, scriptWithCurl)],
  ['debian', NETWORKS.bond, DOAS],
  ['debian', NETWORKS.vlan, byScript(BASH, scriptWithCurl)],
  ['debian', NETWORKS.netplan, SUDO],
  ['debian', NETWORKS['network-manager'], CLIENT],
  ['debian', NETWORKS['802.3ad'], BASH],
  ['debian', NETWORKS['802.3ad-vlan'], BASH],
  ['installer', NETWORKS.dynamic, AGAIN],
  ['installer', NETWORKS.dynamic, also(byScript(AGAIN, scriptWithWget))],
  ['nixos-like', NETWORKS.static, byScript(NIXOS, scriptWithCurl)],
  ['alpine-like', NETWORKS.asked, ASH],
  ['alpine-like', NETWORKS['802.3ad-vlan'], byScript(ASH, scriptWithWget)],
  ['openwrt-like', NETWORKS.static, DROPBEAR],
  ['openwrt-like', NETWORKS.static, also(byScript(DROPBEAR, scriptWithWget))],
  ['bare-busybox', NETWORKS.static, CONSOLE],
  ['bare-busybox', NETWORKS.static, also(byScript(CONSOLE, scriptWithWget))],
];

for (const [host, network, typist] of MATRIX) {
  const name = ['kexec', host, network.name, typist.instance].filter((part) => part !== undefined).join('-');
  bootTest(name, `${typist.name}: the line makes it the installer`, async (boot) => {
    await using scope = new AsyncDisposableStack();
    const running = await startHost(boot, scope, { host, network, keys: typist.keys });
    const fromLine = await typeLine(boot, running, typist, network);
    await expectInstaller(boot, running, network, HOST_KINDS[host].lacks, fromLine);
  });
}

/** Gives the line of the console from which on the installer may speak. */
async function typeLine(
  { step }: BootTest,
  { machine, login }: Host,
  typist: Typist,
  { proof, setUpBy = 'true' }: HostNetwork,
): Promise<number> {
  const line = typist.line(inject('stackHost'));
  if (typist.at === 'console') {
    await machine.console.waitFor(/# $/, { seconds: PATIENCE });
    step('a shell on the console');
    machine.type(`${line}\n`);
    await machine.console.waitFor(/^machine will boot into nixos/, { seconds: PATIENCE });
  } else {
    const options = { seconds: PATIENCE, signal: whileOn(machine, undefined) };
    await waitForSsh(login(typist.user), options);
    step('logged in to the host');
    for (const command of [setUpBy, proof ?? 'true'])
      expect(await runOverSsh(login(typist.user), command, options)).toMatchObject({ exitCode: 0 });
    const said = machine.console.lineCount;
    const { stdout, stderr, exitCode } = await runOverSsh(login(typist.user), line, options);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain('machine will boot into nixos');
    step('machine will boot into nixos');
    return said;
  }
  step('machine will boot into nixos');
  return 0;
}

async function expectInstaller(
  { step }: BootTest,
  { machine, identity, login }: Host,
  network: HostNetwork,
  lacks: HostKind['lacks'],
  fromLine: number,
): Promise<void> {
  await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE, fromLine });
  step('the installer is up');
  const facts = new SmokeFacts(machine.console.text.split('\n').slice(fromLine).join('\n'));
  expect(facts.of('kind')).toMatchObject([{ kind: 'kexec', arch: 'x86_64' }]);
  expect(facts.of('missing').map(({ text }) => text)).toEqual(lacks);
  expect(facts.of('hostname').map(({ name }) => name)).toEqual([identity.hostname]);
  expect(facts.of('authorized-key').map(({ fingerprint }) => fingerprint)).toEqual([identity.key.fingerprint]);
  const address = facts.of('address').find(({ address }) => address === `${network.address}/24`);
  expect(address).toMatchObject(network.link === undefined ? {} : { link: network.link });
  expect(facts.of('dns').map(({ server }) => server)).toEqual(['10.0.2.3']);
  expect(facts.of('host-key').map(({ fingerprint }) => fingerprint)).toEqual([identity.hostKey.fingerprint]);
  const keepsMachineId = !lacks.includes('machine-id');
  if (keepsMachineId) expect(facts.of('machine-id').map(({ id }) => id)).toEqual([identity.machineId]);

  // At the old address, with the old key, against the old host key.
  const options = { seconds: PATIENCE, signal: whileOn(machine, undefined) };
  // A bond may still be talking to its switch.
  await waitForSsh(login('root'), options);
  const lacking = await runOverSsh(login('root'), `${questions({ smoke: true })} cat /etc/machine-id`, options);
  if (keepsMachineId) expect(lacking.stdout.trim()).toBe(identity.machineId);
  else expect(lacking.stdout.trim()).toMatch(/^[0-9a-f]{32}$/);
  const consoles = facts.of('cmdline').flatMap(({ parameters }) => parameters.filter((word) => /^console=/.test(word)));
  expect(consoles).toEqual([...new Set(consoles)]);
  step('logged in to the installer with the old key');
  if (network.leased) {
    const lease = await machine.console.waitFor(/smoke: lease \S+ (\S+)/, { seconds: PATIENCE });
    expect(lease[1]).toBe(network.address);
    step('the installer has the old lease');
  }
  if (network.proof !== undefined)
    expect(await runOverSsh(login('root'), network.proof, options)).toMatchObject({ exitCode: 0 });
}
