import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServedRelease, serveRelease } from './served-release.ts';

const PACK = join(import.meta.dirname, '../../nix/kexec/pack');
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD alice@example.org';
const WITH_KEY = `/with/key:${Buffer.from(KEY).toString('base64url')}`;

/** Stands in for the tarball's `run`: says how it was called, where from, and which customisation lies beside it. */
const RUN = `#!/bin/sh
echo "run got: $*"
here=\${0%/*}
if [ "$(head -c 6 "$here/customisation.img")" = 070701 ]; then "$here/busybox" cpio -i --to-stdout '*keys' '*name' '*hash' 2>/dev/null <"$here/customisation.img"; "$here/busybox" cpio -tv <"$here/customisation.img"; fi
`;

/** What a machine has beside a shell and a program that downloads. */
const BASE = 'sh env cat tar gzip uname id df tail mktemp mkdir sleep rm wc ls head sha256sum';

const SHELLS: string[][] = [['dash'], ['busybox', 'ash'], ['bash', '--posix'], ['mksh'], ['yash']];

let folder: string;
let home: string;
let served: ServedRelease;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-kexec-sh-'));
  await mkdir(join(folder, 'kexec'));
  await writeFile(join(folder, 'kexec/run'), RUN);
  await chmod(join(folder, 'kexec/run'), 0o755);
  await copyFile(await which('busybox'), join(folder, 'kexec/busybox'));
  await writeFile(join(folder, 'kexec/image.conf'), 'arch=x86_64\n');
  await writeFile(join(folder, 'kexec/initrd'), Buffer.alloc(500_000, 7));
  await execa(PACK, [folder, join(folder, 'tarball')]);
  const bytes = Uint8Array.from(await readFile(join(folder, 'tarball')));
  served = await serveRelease({ content: { role: 'tarball', bytes } });
});
afterAll(async () => {
  await served.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  home = await mkdtemp(join(folder, 'home-'));
});

async function which(program: string): Promise<string> {
  return (await execa('sh', ['-c', 'command -v "$1"', 'sh', program])).stdout;
}

/** A folder of programs for PATH, with only those named. */
async function programs(...names: readonly string[]): Promise<string> {
  const path = await mkdtemp(join(folder, 'bin-'));
  for (const name of names) await symlink(await which(name), join(path, name));
  return path;
}

const fetchScript = async (path: string) => (await fetch(`${served.localEdge.url}${path}`)).text();

interface Typed {
  readonly shell?: readonly string[];
  readonly path?: string;
  readonly args?: readonly string[];
}

/** Pipes a script into a shell, as `curl … | sh -s -- ARGS` does; without CAP_SYS_BOOT, so that nothing can jump. */
async function pipe(script: string, { shell = ['dash'], path, args = [] }: Typed = {}) {
  const [program = 'dash', ...options] = shell;
  // The system's own folders come last in the script's PATH; a machine that lacks their programs has none of them.
  const input = path === undefined ? script : script.replace(':/usr/sbin:/usr/bin:/sbin:/bin', '');
  const command = ['--bounding-set', '-sys_boot', await which(program), ...options, '-s', '--', ...args];
  return execa(await which('setpriv'), command, {
    input,
    all: true,
    reject: false,
    env: { PATH: path ?? env['PATH'] ?? '', HOME: home, TMPDIR: home, LC_ALL: 'C' },
    extendEnv: false,
    preferLocal: false,
  });
}

describe('the script for every Linux', () => {
  it.each(SHELLS)('runs in %s', async (...shell) => {
    const { all, exitCode } = await pipe(await fetchScript('/kexec.sh'), { shell, args: ['--dry-run', '--force'] });
    expect(all).toContain('run got: --dry-run --force');
    expect(all).toContain('SHA-256 is right');
    expect(exitCode).toBe(0);
    expect(await readdir(home), 'a dry run leaves nothing').toEqual([]);
  });

  it.each([
    ['curl alone', `${BASE} curl`, ['dash']],
    ['wget alone', `${BASE} wget`, ['dash']],
    ['openssl for the digest', `${BASE.replace(' sha256sum', '')} curl openssl cut`, ['dash']],
    ['busybox alone', 'busybox', ['busybox', 'ash']],
  ])('needs no more than %s', async (_, names, shell) => {
    const path = await programs(...names.split(' '));
    const { all } = await pipe(await fetchScript('/kexec.sh'), { shell, path, args: ['--dry-run'] });
    expect(all).toContain('run got: --dry-run');
  });

  it('says whose key it brings before it does anything, and puts it where the tarball has its customisation', async () => {
    const { all = '' } = await pipe(await fetchScript(`${WITH_KEY}/kexec.sh`), { args: ['--dry-run'] });
    expect(all.indexOf('CUSTOMISED: root login for ssh-ed25519 SHA256:')).toBeLessThan(all.indexOf('downloading'));
    expect(all).toContain(`run got: --dry-run\n${KEY}`);
  });

  it('says that it brings a host name and a password, and lets nobody but root read the hash', async () => {
    const hash = `$y$j9T$${'./'.repeat(11)}$${'a'.repeat(43)}`;
    const link = `/with/hostname:web-1,password:${Buffer.from(hash).toString('base64url')}`;
    const { all = '' } = await pipe(await fetchScript(`${link}/kexec.sh`), { args: ['--dry-run'] });
    const said = all.slice(0, all.indexOf('downloading'));
    expect(said).toContain('CUSTOMISED: host name web-1');
    expect(said).toContain('CUSTOMISED: root login with a password of who made this link');
    expect(said).not.toContain(hash);
    expect(all).toContain(`run got: --dry-run\nweb-1\n${hash}\n`);
    expect(all).toMatch(/-rw------- .* customisation\/password-hash/);
  });

  it('goes on where a download broke off', async () => {
    const script = await fetchScript('/kexec.sh');
    const begun = script.replace('  tries=0\n', `  tries=0\n  head -c 10000 '${join(folder, 'tarball')}' >"$file"\n`);
    expect(begun).not.toBe(script);
    const { all } = await pipe(begun, { args: ['--dry-run'] });
    expect(all).toContain('SHA-256 is right');
    expect(all).toContain('run got: --dry-run');
  });

  it('starts nothing that is not what was published, and leaves nothing behind', async () => {
    const script = (await fetchScript('/kexec.sh')).replace(/sha256=[0-9a-f]{64}/, `sha256=${'0'.repeat(64)}`);
    const { all, exitCode } = await pipe(script);
    expect(all).toContain('is not what was published');
    expect(all).not.toContain('run got');
    expect(exitCode).toBe(1);
    expect(await readdir(home)).toEqual([]);
  });

  it('does nothing when it is cut off anywhere', async () => {
    const script = await fetchScript('/kexec.sh');
    const path = await programs('sh', 'env');
    for (let length = 0; length < script.length - 2; length += 211) {
      const { all } = await pipe(script.slice(0, length), { path });
      expect([length, /downloading|NixOS|smoke image/.test(all ?? '')]).toEqual([length, false]);
    }
    const { all } = await pipe(script.slice(0, -2), { path });
    expect(all).not.toContain('downloading');
  });

  it('says what a machine is that it has no image for', async () => {
    const path = await programs(...BASE.split(' ').filter((name) => name !== 'uname'), 'curl');
    await writeFile(join(path, 'uname'), '#!/bin/sh\necho riscv64\n');
    await chmod(join(path, 'uname'), 0o755);
    const script = (await fetchScript('/kexec.sh')).replace('[ -r /proc/sys/kernel/arch ]', 'false');
    expect((await pipe(script, { path })).all).toContain(
      'there is no image for riscv64 machines, only for: x86_64 aarch64',
    );
  });

  it('passes shellcheck, customised or not', async () => {
    for (const path of ['/kexec.sh', `${WITH_KEY}/kexec.sh`]) {
      const { stdout } = await execa('shellcheck', ['-'], { input: await fetchScript(path), reject: false });
      expect(stdout).toBe('');
    }
  });

  it('has a checksum and facts, and floats like the tarball that it downloads', async () => {
    const response = await fetch(`${served.localEdge.url}/kexec.sh`);
    const script = Buffer.from(await response.arrayBuffer());
    const sum = await execa('sha256sum', ['-c'], {
      cwd: home,
      input: await fetchScript('/kexec.sh.sha256'),
      reject: false,
    });
    expect(sum.stderr).toContain('kexec.sh: No such file');
    await writeFile(join(home, 'kexec.sh'), script);
    await execa('sha256sum', ['-c'], { cwd: home, input: await fetchScript('/kexec.sh.sha256') });
    const version = served.release.manifest.version;
    expect(response.headers.get('Content-Location')).toBe(`/kexec@${version}.sh`);
    expect(JSON.parse(await fetchScript('/kexec/low-memory.sh.json'))).toMatchObject({
      version,
      tarballs: [{ arch: 'x86_64' }, {}],
    });
  });

  it('that does not exist is a script that says so and fails, since a shell reads it', async () => {
    for (const path of ['/kexec@27.05.sh', '/kexec/tiny.sh']) {
      const response = await fetch(`${served.localEdge.url}${path}`);
      expect(response.status).toBe(404);
      const { stderr, exitCode } = await pipe(await response.text());
      expect(stderr).toMatch(/These exist:|It has these:/);
      expect(exitCode).toBe(1);
    }
  });
});
