import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const scripts = join(import.meta.dirname, '../../nix/kexec');
const INITRD = 'initrd';

/** The key of root on the machine. */
export const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAILWgqmBYUTVvVtDLqXHGLlIKdJMBZeGRSL3VpO2pYpAl';

/**
 * The machine that runs the tests, with an unpacked tarball: the real script with the machine's busybox, up to the point where it would load
 * a kernel. What the machine looks like is changed by bind mounts in a mount namespace of its own.
 */
export class Machine implements AsyncDisposable {
  /** Holds `kexec` (the tarball's), `home` (/root) and `work` (TMPDIR). */
  readonly folder: string;
  readonly kexec: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.kexec = join(folder, 'kexec');
  }

  static async make(): Promise<Machine> {
    const machine = new Machine(await mkdtemp(join(tmpdir(), 'kexec-run-')));
    const { folder, kexec } = machine;
    for (const name of ['kexec', 'home/.ssh', 'work']) await mkdir(join(folder, name), { recursive: true });
    await execa('sh', ['-c', 'cp run *.sh *.awk *.jq "$1"', 'sh', kexec], { cwd: scripts });
    for (const program of ['busybox', 'ip', 'jq']) {
      const { stdout } = await execa('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`]);
      await execa('cp', [stdout, join(kexec, program)]);
    }
    // Loads nothing, and keeps what it was given.
    const loader = `#!/bin/sh
echo "$*" >${folder}/flags
for argument; do
  case "$argument" in --initrd=*) cp "\${argument#*=}" ${folder}/loaded ;; esac
done
echo a kernel must not be loaded here >&2
exit 99
`;
    await writeFile(join(kexec, 'kexec'), loader, { mode: 0o755 });
    await writeFile(join(kexec, 'bzImage'), 'kernel');
    await writeFile(join(kexec, 'initrd'), INITRD);
    const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    await writeFile(join(kexec, 'image.conf'), `arch=${arch}\ncmdline=init=/x quiet\nunpacked=4096\n`);
    await writeFile(join(folder, 'home/.ssh/authorized_keys'), `ssh-ed25519 ${blob} root@example.org\n`);
    await machine.seal();
    return machine;
  }

  /** Lets image.conf say that what is in the tarball now is what was packed (nix/kexec/pack). */
  async seal(): Promise<void> {
    const conf = join(this.kexec, 'image.conf');
    const facts = (await readFile(conf, 'utf8'))
      .split('\n')
      .filter((line) => /^(arch|cmdline|unpacked|store|address|lean)=/.test(line));
    const names = (await readdir(this.kexec)).filter((name) => !/^image\.conf$|\.img$/.test(name));
    for (const name of names) {
      const content = await readFile(join(this.kexec, name));
      facts.push(`file=${createHash('sha256').update(content).digest('hex')} ${content.length} ${name}`);
    }
    facts.push(`files=${names.length}`);
    await writeFile(conf, facts.map((line) => `${line}\n`).join(''));
  }

  /** Runs `kexec/run` of a whole tarball as root on a machine whose /root is `home`, after the shell commands of `change` ($1 is the folder). */
  async run(args: readonly string[], change = ':', environment: Readonly<Record<string, string>> = {}) {
    const script = `mount --bind "$1/home" /root && ${change} && exec "$1/kexec/run" ${args.join(' ')}`;
    await this.seal();
    return await execa('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', this.folder], {
      reject: false,
      all: true,
      env: { TMPDIR: join(this.folder, 'work'), ...environment },
    });
  }

  /** The files below `host-state/` that would go along after the shell commands of `change`, and what was said about them. */
  async takenAlong(
    change = ':',
    environment: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly files: ReadonlyMap<string, string>; readonly said: string }> {
    // --force, because the machine that runs the tests may have a kernel without kexec.
    const { stderr } = await this.run(['--force'], change, environment);
    const loaded = await readFile(join(this.folder, 'loaded'));
    const taken = join(this.folder, 'taken');
    await mkdir(taken);
    const input = loaded.subarray(INITRD.length);
    await execa('sh', ['-c', 'gzip -d | cpio --quiet -id -D "$1"', 'sh', taken], { input });
    const state = join(taken, 'host-state');
    const files = new Map<string, string>();
    for (const entry of await readdir(state, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) files.set(path.slice(state.length + 1), await readFile(path, 'utf8'));
    }
    return { files, said: stderr };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}
