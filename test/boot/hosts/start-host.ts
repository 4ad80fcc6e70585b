import type { Machine, SshTarget } from 'nixos-images/boot';
import type { BootTest } from '../boot-test.ts';
import { debianParts } from './debian.ts';
import { type HostIdentity, type HostSystem, initrdWithFiles, makeHostIdentity } from './host.ts';
import { HOST_KINDS, type HostKindName } from './host-kinds.ts';
import type { HostNetwork } from './network.ts';

export interface HostChoice {
  readonly host: HostKindName;
  readonly network: HostNetwork;
  /** Where the administrator's key lies, such as `root/.ssh/authorized_keys`. */
  readonly keys: string;
  /** More kernel parameters. */
  readonly parameters?: string;
}

/** A host that has been switched on. */
export interface Host {
  readonly machine: Machine;
  readonly identity: HostIdentity;
  /** Strict checking against the host's own key, before and after kexec: as the administrator's known_hosts would. */
  readonly login: (user: string) => SshTarget;
}

/** Puts a host together and switches it on; it goes with `scope`. */
export async function startHost(boot: BootTest, scope: AsyncDisposableStack, choice: HostChoice): Promise<Host> {
  const parts = await debianParts();
  const identity = scope.use(await makeHostIdentity(`${choice.host}-host`));
  const kind = HOST_KINDS[choice.host];
  const system: HostSystem = await kind.system(choice.network, parts, scope);
  const files = [
    { path: 'etc/hostname', content: `${identity.hostname}\n` },
    // Root owns all that is laid over a host, and sshd reads this as the user.
    { path: choice.keys, content: `${identity.key.publicKey}\n` },
    ...(await kind.identity(identity)),
    ...system.files,
  ];
  const { kernel, initrd: own } = system.boot ?? parts;
  const initrd = scope.use(await initrdWithFiles(own, files, system.boot === undefined ? 'overlay/' : ''));
  const machine = await boot.start({
    arch: 'x86_64',
    firmware: 'bios',
    memoryMiB: 1024,
    boot: {
      from: 'kernel',
      kernel,
      initrd: initrd.path,
      // no_timer_check: on a busy machine the first timer ticks come late, and the kernel would panic over it.
      parameters: [
        system.boot === undefined ? 'console=ttyS0 quiet no_timer_check' : '',
        system.parameters,
        choice.parameters,
      ]
        .filter(Boolean)
        .join(' '),
    },
    disks: system.disks,
    wiring: choice.network.wiring,
    sshAddress: choice.network.address,
  });
  const login = (user: string): SshTarget => ({
    port: machine.sshPort,
    user,
    key: identity.key,
    hostKeys: [identity.hostKey.publicKey],
  });
  return { machine, identity, login };
}
