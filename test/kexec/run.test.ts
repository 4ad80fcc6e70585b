import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blob, Machine } from './machine.ts';

let machine: Machine;
let folder: string;
let kexec: string;
beforeEach(async () => {
  machine = await Machine.make();
  ({ folder, kexec } = machine);
});
afterEach(() => machine[Symbol.asyncDispose]());

const run: Machine['run'] = (...args) => machine.run(...args);

/** A file of /proc or /sys, as this machine would have it. */
async function pretend(file: string, content: string): Promise<string> {
  const name = file.replaceAll('/', '_');
  await writeFile(join(folder, name), content);
  return `mount --bind "$1/${name}" ${file}`;
}

describe('kexec/run', () => {
  it('explains itself', async () => {
    const { exitCode, stdout } = await run(['--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('--kexec-extra-flags FLAGS');
  });

  it('takes an unknown flag for a mistake', async () => {
    const { exitCode, stderr } = await run(['--no-such-flag']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('unknown flag --no-such-flag');
  });

  it.each([
    [['--store-url', 'http://a.test/s', '--store-url=https://[2001:db8::1]:8443/s?t=1']],
    [['--kexec-extra-flags', "'--no-sync --store-url=http://a.test/s --store-url=https://[2001:db8::1]:8443/s?t=1'"]],
  ])('tells a lean image where its store is, as last word of the command line: %s', async (args) => {
    await writeFile(join(kexec, 'image.conf'), 'arch=x86_64\ncmdline=init=/x quiet\nunpacked=4096\nstore=4096\n');
    const { exitCode, stdout } = await run(['--dry-run', '--force', ...args]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /kernel command line: init=\/x quiet .*live\.nixos\.store=http:\/\/a\.test\/s live\.nixos\.store=https:\/\/\[2001:db8::1\]:8443\/s\?t=1\n/,
    );
  });

  it('takes no other words for the address of a store', async () => {
    for (const word of ['ftp://a.test/s', 'http://', "'http://a.test/s init=/bin/sh'", "'http://a.test/$(id)'"]) {
      const { exitCode, stderr } = await run(['--store-url', word]);
      expect([word, exitCode]).toEqual([word, 2]);
      expect(stderr).toContain('--store-url is an address');
    }
  });

  it('says that a complete image fetches nothing', async () => {
    const { stdout } = await run(['--dry-run', '--force', '--store-url', 'http://a.test/s']);
    expect(stdout).toContain('--store-url is not used');
    expect(stdout).not.toContain('live.nixos.store');
  });

  // --force, because the machine that runs the tests may have a kernel without kexec.
  it('shows in a dry run what it would take along, and leaves nothing behind', async () => {
    const untouched = await readdir(kexec);
    const { exitCode, stdout } = await run(['--dry-run', '--force']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('host-state/network/links.json');
    expect(stdout).toContain(`ssh-ed25519 ${blob} root@example.org`);
    expect(stdout).toContain('kernel command line: init=/x quiet');
    expect(await readdir(join(folder, 'work'))).toEqual([]);
    expect(await readdir(kexec)).toEqual(untouched);
  });
});

describe('the keys that kexec/run takes along', () => {
  async function keys(content: string): Promise<string[]> {
    await writeFile(join(folder, 'home/.ssh/authorized_keys'), content);
    const { stdout } = await run(['--dry-run', '--force']);
    const lines = stdout.split('\n');
    return lines
      .slice(lines.indexOf('authorized keys:') + 1)
      .filter((line) => line.startsWith('  '))
      .map((line) => line.trim());
  }

  it('keep their options as they are', async () => {
    const line = `from="192.0.2.0/24,!192.0.2.7",no-pty,environment="A=b \\"c d\\"" ssh-ed25519 ${blob} with options`;
    expect(await keys(`# a comment\n\n  ${line}\r\n`)).toEqual([line]);
  });

  it('appear once, though the file names them twice', async () => {
    expect(await keys(`ssh-ed25519 ${blob} first\nssh-ed25519 ${blob} second\n`)).toEqual([
      `ssh-ed25519 ${blob} first`,
    ]);
  });

  it('come from lines that are keys', async () => {
    expect(await keys(`nonsense\nssh-ed25519 ${blob} me`)).toEqual([`ssh-ed25519 ${blob} me`]);
  });

  it('do not let anybody in when all they may do is run a command', async () => {
    await writeFile(
      join(folder, 'home/.ssh/authorized_keys'),
      `no-pty,command="echo log in as admin" ssh-ed25519 ${blob} cloud\n`,
    );
    const { exitCode, stderr } = await run(['--dry-run']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no SSH key that may log in');
  });

  it('come from the caller of sudo first, so that a cloud’s command= for root does not win', async () => {
    await writeFile(join(folder, 'home/.ssh/authorized_keys'), `command="echo no" ssh-ed25519 ${blob} cloud\n`);
    await mkdir(join(folder, 'admin/.ssh'), { recursive: true });
    await writeFile(join(folder, 'admin/.ssh/authorized_keys'), `ssh-ed25519 ${blob} admin\n`);
    await writeFile(join(folder, 'passwd'), `root:x:0:0::/root:/bin/sh\nadmin:x:1000:1000::${folder}/admin:/bin/sh\n`);
    const { stdout } = await run(['--dry-run', '--force'], 'mount --bind "$1/passwd" /etc/passwd', {
      SUDO_USER: 'admin',
    });
    expect(stdout).toContain(`ssh-ed25519 ${blob} admin`);
    expect(stdout).not.toContain('command=');
  });
});

describe('the leases that kexec/run takes along', () => {
  it('are known from a running udhcpc, with the identifier that it was given', async () => {
    const client = 'timeout 20 busybox udhcpc -f -i lo -s /bin/true -x 0x3d:00AA42';
    const { files } = await machine.takenAlong(`{ unshare --net ${client} >/dev/null 2>&1 & } && sleep 1`);
    expect(files.get('network/dhcp4')).toContain('lo - 00aa42\n');
  });

  it('are known from systemd-networkd’s files, which stay when it makes addresses permanent', async () => {
    const change = [
      'mount -t tmpfs none /run && mkdir -p /run/systemd/netif/leases',
      'printf "# private\\nADDRESS=192.0.2.9\\nCLIENTID=ff00aa42\\n" >/run/systemd/netif/leases/1',
    ];
    const { files } = await machine.takenAlong(change.join(' && '));
    expect(files.get('network/dhcp4')).toContain('lo 192.0.2.9 ff00aa42\n');
  });
});

describe('kexec/run refuses, with nothing changed,', () => {
  async function refusal(change = ':', args: readonly string[] = []): Promise<string> {
    const { exitCode, stderr } = await run(args, change);
    expect(exitCode).toBe(1);
    expect(await readdir(join(folder, 'work'))).toEqual([]);
    return stderr;
  }

  it('a tarball that was cut short', async () => {
    expect(await refusal('rm "$1/kexec/initrd"')).toContain('initrd is missing or empty');
  });

  it('a tarball for another architecture', async () => {
    await writeFile(join(kexec, 'image.conf'), 'arch=riscv64\ncmdline=x\nunpacked=1\n');
    expect(await refusal()).toContain('this tarball is for riscv64 and this machine is ');
  });

  it('users other than root', async () => {
    await execa('chmod', ['-R', 'a+rX', folder]);
    const { exitCode, stderr } = await execa('setpriv', ['--reuid=65534', '--clear-groups', join(kexec, 'run')], {
      reject: false,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('only root can start another kernel');
  });

  it('a file system that programs cannot be run from', async () => {
    expect(
      await refusal(
        'mount --bind "$1/kexec" "$1/kexec" && mount -o remount,bind,noexec "$1/kexec" && set -- "$1" && exec sh "$1/kexec/run"',
      ),
    ).toContain('mounted noexec');
  });

  it('a machine without an SSH key', async () => {
    await rm(join(folder, 'home/.ssh/authorized_keys'));
    const stderr = await refusal();
    expect(stderr).toContain('no SSH key that may log in was found for root');
    expect(stderr).toContain('nothing was changed');
  });

  it('a machine with too little memory, with the figures', async () => {
    await execa('truncate', ['-s', '100M', join(kexec, 'initrd')]);
    const change = await pretend('/proc/meminfo', 'MemTotal:  524288 kB\nMemAvailable:  131072 kB\n');
    expect(await refusal(change)).toMatch(/loading the installer takes 2\d\d MiB of memory and 128 MiB are available/);
  });

  it('a machine that could load but not unpack the installer', async () => {
    await writeFile(join(kexec, 'image.conf'), 'arch=x86_64\ncmdline=x\nunpacked=1073741824\n');
    const change = await pretend('/proc/meminfo', 'MemTotal:  524288 kB\nMemAvailable:  400000 kB\n');
    expect(await refusal(change)).toMatch(/the installer needs 1\d\d\d MiB of memory and this machine has 512 MiB/);
  });

  it('a machine with too little memory, naming the lean image where that fits, with both figures', async () => {
    const conf = (lean: number) => `arch=x86_64\ncmdline=x\nunpacked=1073741824\nlean=${lean * 1024 * 1024}\n`;
    const change = await pretend('/proc/meminfo', 'MemTotal:  524288 kB\nMemAvailable:  400000 kB\n');
    await writeFile(join(kexec, 'image.conf'), conf(500));
    expect(await refusal(change)).toMatch(
      /needs 1\d\d\d MiB of memory and this machine has 512 MiB\. A lean image, .*, needs 500 MiB in all: \/kexec\/x86_64\/lean/,
    );
    await writeFile(join(kexec, 'image.conf'), conf(600));
    expect(await refusal(change)).not.toContain('lean');
  });

  it('a lean image that nobody told where its store is, and one that does not fit', async () => {
    const conf = 'arch=x86_64\ncmdline=x\nunpacked=4096\nstore=536870912\n';
    await writeFile(join(kexec, 'image.conf'), conf);
    expect(await refusal()).toContain('it does not know where from; say so with --store-url http://SERVER/...');
    const change = await pretend('/proc/meminfo', 'MemTotal:  524288 kB\nMemAvailable:  400000 kB\n');
    await writeFile(join(kexec, 'image.conf'), `${conf}address=http://images.example.org/store\n`);
    expect(await refusal(change)).toMatch(/the installer needs 5\d\d MiB of memory and this machine has 512 MiB/);
  });

  it('a container, naming its kind', async () => {
    // Namespaces of users, mounts and processes: a container in all but the image.
    const change = 'mount -t tmpfs none /run && mkdir /run/systemd && echo lxc >/run/systemd/container';
    const script = `mount --bind "$1/home" /root && ${change} && exec "$1/kexec/run"`;
    const namespaces = ['--map-root-user', '--mount', '--pid', '--fork', '--mount-proc'];
    const { exitCode, stderr } = await execa('unshare', [...namespaces, 'sh', '-c', script, 'sh', folder], {
      reject: false,
      env: { TMPDIR: join(folder, 'work') },
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('this is a container (lxc), which shares its kernel with others');
    expect(await readdir(join(folder, 'work'))).toEqual([]);
  });

  // What sysfs shows there: QEMU has no such machine.
  it('a Xen PV guest', async () => {
    const change = [
      'mount -t tmpfs none /sys && mkdir -p /sys/hypervisor /sys/kernel',
      'echo xen >/sys/hypervisor/type && echo PV >/sys/hypervisor/guest_type',
    ].join(' && ');
    expect(await refusal(change)).toContain('this is a Xen PV guest, where kexec does not work');
  });

  it('a kernel that was built without kexec', async () => {
    expect(await refusal('mount -t tmpfs none /sys/kernel')).toContain(
      'this kernel was built without kexec (CONFIG_KEXEC)',
    );
  });

  it('disks without room for a copy of the initrd', async () => {
    await execa('truncate', ['-s', '64M', join(kexec, 'initrd')]);
    // The tarball's own folder is read-only, and every other candidate too small.
    const change = [
      'mount -t tmpfs -o size=1M tmpfs "$1/work" && mount -t tmpfs -o size=1M tmpfs /run',
      'mount -t tmpfs -o size=1M tmpfs /dev/shm && mount -t tmpfs -o size=1M tmpfs /var/tmp',
      'mkdir /var/tmp/k && mount --bind "$1/kexec" /var/tmp/k && mount -o remount,bind,ro /var/tmp/k',
      'mount -t tmpfs -o size=1M tmpfs /tmp && exec /var/tmp/k/run',
    ].join(' && ');
    const { exitCode, stderr } = await run([], change);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/no folder that can be written to has \d+ MiB free/);
  });
});
