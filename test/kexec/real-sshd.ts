import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { cachedFolder } from '../boot/cached-folder.ts';
import { unpackDebianPackages } from '../boot/hosts/debian-packages.ts';
import { scratchApt } from '../boot/scratch-apt.ts';

/** Addresses from which logins can be tried. */
export const ADDRESSES = ['192.0.2.7', '2001:db8::7'] as const;

/** One login as root with one key. */
export interface Login {
  /** What stands in root's authorized_keys. */
  readonly authorizedKeys: string;
  /** The private key's file. */
  readonly identity: string;
  /** Where it comes from: one of ADDRESSES, by default the first. */
  readonly from?: string;
  /** Shell commands before it, with the home folder as $1. */
  readonly change?: string;
}

const CONFIG = `HostKey FOLDER/host
UsePAM no
PidFile none
`;

// `outer` makes the network and the user, `inner` serves (busybox hands each connection to an sshd) and tries.
const OUTER = `set -e
mount --bind passwd /etc/passwd
ip link set lo up
ip address add 192.0.2.7/24 dev lo
ip address add 2001:db8::7/64 dev lo nodad
exec unshare --user --map-user=1000 --map-group=1000 sh ./inner "$@"
`;
const INNER = `umask 022
busybox nc -ll -p 2222 -e "$@" -i -f "$PWD/sshd_config" -E "$PWD/log" &
until busybox nc -w 1 192.0.2.7 2222 </dev/null >/dev/null 2>&1; do sleep 0.05; done
for login in logins/*; do
  rm -rf home && mkdir -p home/.ssh && chmod 700 home/.ssh
  cp "$login/authorized_keys" home/.ssh/authorized_keys
  sh -c "$(cat "$login/change")" sh "$PWD/home"
  address=$(cat "$login/from")
  timeout 30 ssh -F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o IdentitiesOnly=yes \\
    -o BatchMode=yes -o PubkeyAcceptedAlgorithms=+ssh-dss -i "$(cat "$login/identity")" -b "$address" -p 2222 \\
    "root@$address" 'echo let in' </dev/null >"$login/out" 2>"$login/err" || :
done
exit 0
`;

/** Debian's sshd: the machine's own, or unpacked where it has none. What runs it, as a list of words. */
export async function sshdCommand(): Promise<string[]> {
  const { stdout } = await execa('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin command -v sshd || :']);
  if (stdout !== '') return [stdout];
  const recipe = ['real-sshd.ts', '../boot/scratch-apt.ts'].map((name) => new URL(name, import.meta.url));
  const root = await cachedFolder('debian-sshd', recipe, async (folder) => {
    const apt = await scratchApt({ architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }, join(folder, 'apt'));
    await unpackDebianPackages(await apt.download('openssh-server'), join(folder, 'root'));
    await rm(join(folder, 'apt'), { recursive: true });
  });
  const { stdout: loader } = await execa('sh', ['-c', 'echo "$1"/root/usr/lib/*/ld-linux-*', 'sh', root]);
  return [loader, '--library-path', loader.replace(/\/[^/]*$/, ''), join(root, 'root/usr/sbin/sshd')];
}

/** Asks a real sshd whether each login leads to a shell, in a network of its own. Its user root is whoever runs the tests. */
export async function tryLogins(logins: readonly Login[]): Promise<boolean[]> {
  const command = await sshdCommand();
  const half = Math.ceil(logins.length / 2);
  const parts = [logins.slice(0, half), logins.slice(half)].filter((part) => part.length > 0);
  return (await Promise.all(parts.map((part) => tryInTurn(part, command)))).flat();
}

async function tryInTurn(logins: readonly Login[], command: readonly string[]): Promise<boolean[]> {
  const folder = await mkdtemp(join(tmpdir(), 'real-sshd-'));
  try {
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host')]);
    const files = { sshd_config: CONFIG.replace('FOLDER', folder), outer: OUTER, inner: INNER };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await writeFile(join(folder, 'passwd'), `root:x:1000:1000::${folder}/home:/bin/sh\n`);
    const names = logins.map((_, index) => join(folder, 'logins', String(index).padStart(4, '0')));
    for (const [index, { authorizedKeys, identity, from = ADDRESSES[0], change = ':' }] of logins.entries()) {
      const login = names[index] ?? '';
      await mkdir(login, { recursive: true });
      const parts = { authorized_keys: authorizedKeys, identity, from, change };
      for (const [name, text] of Object.entries(parts)) await writeFile(join(login, name), text);
    }
    const namespaces = ['--map-root-user', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    await execa('unshare', [...namespaces, 'sh', './outer', ...command], { cwd: folder, timeout: 240_000 });
    return await Promise.all(names.map(async (login) => (await readFile(join(login, 'out'), 'utf8')) === 'let in\n'));
  } finally {
    await rm(folder, { recursive: true });
  }
}
