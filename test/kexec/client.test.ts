import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CustomisationArea,
  customisationArea,
  ExtraCmdline,
  HostName,
  NO_CUSTOMISATION,
  PasswordHash,
  PublicKey,
  type ResolvedCustomisation,
} from '@nixos-images/shared';
import { execa } from 'execa';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';

const STRANGER = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD stranger';
const GZIP = Buffer.from([0x1f, 0x8b]);
const PACK = join(import.meta.dirname, '../../nix/kexec/pack');

/** A tarball, with the area in it that a customisation replaces. */
interface Tarball {
  readonly bytes: Buffer;
  readonly area: CustomisationArea;
}

let machine: Machine;
let folder: string;
beforeEach(async () => {
  machine = await Machine.make();
  folder = await mkdtemp(join(tmpdir(), 'kexec-client-'));
});
afterEach(async () => {
  await machine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Packs what the machine's folder holds, with another initrd, as the images are packed. */
async function pack(initrd: string): Promise<Tarball> {
  const made = await mkdtemp(join(folder, 'pack-'));
  await execa('cp', ['-r', machine.kexec, made]);
  const unpacked = join(made, 'kexec');
  const facts = (await readFile(join(unpacked, 'image.conf'), 'utf8')).replaceAll(/^files?=.*\n/gm, '');
  await writeFile(join(unpacked, 'image.conf'), facts);
  await writeFile(join(unpacked, 'initrd'), initrd);
  const { stdout } = await execa(PACK, [made, join(made, 'tarball')]);
  return { bytes: await readFile(join(made, 'tarball')), area: v.parse(CustomisationArea, JSON.parse(stdout)) };
}

/** The same tarball from a link with a key in it. */
function withKey(tarball: Tarball, key: string): Buffer {
  return customised(tarball, { ...NO_CUSTOMISATION, keys: [v.parse(PublicKey, key)] });
}

function customised({ bytes, area }: Tarball, customisation: ResolvedCustomisation): Buffer {
  const filled = customisationArea('kexec', area.length, customisation);
  return Buffer.concat([
    bytes.subarray(0, area.offset),
    filled ?? new Uint8Array(),
    bytes.subarray(area.offset + area.length),
  ]);
}

/**
 * What a client does on the machine that loads a tarball by a pipe and goes on whatever comes of it, as nixos-anywhere does: its
 * script is written beside the folder, `set -e` is void left of `||`, and the one sign of success is a line of the log.
 */
async function drive(download: Buffer, flags = ''): Promise<{ readonly jumped: boolean; readonly log: string }> {
  const home = machine.folder;
  await writeFile(join(home, 'download'), download);
  await writeFile(join(home, 'nixos-anywhere-kexec.sh'), '');
  const script = `mount --bind "$1/home" /root && cd "$1" && export HOME="$1" && {
    set -eu
    cat download | tar -xv --gzip
    TMPDIR=$HOME setsid --wait "$HOME/kexec/run" --kexec-extra-flags "$2"
  } 2>&1 | tee "$HOME/log" || true
  grep -q 'machine will boot into nixos' "$HOME/log"`;
  const { exitCode, stdout } = await execa(
    'unshare',
    ['--map-root-user', '--mount', 'bash', '-c', script, 'bash', home, flags],
    {
      reject: false,
    },
  );
  return { jumped: exitCode === 0, log: stdout };
}

/** The initrd that was handed to kexec, without what goes along behind it; undefined when nothing was loaded. */
async function loadedInitrd(): Promise<string | undefined> {
  const bytes = await readFile(join(machine.folder, 'loaded')).catch(() => undefined);
  return bytes?.subarray(0, bytes.indexOf(GZIP)).toString();
}

/** The names of what goes along. */
async function taken(): Promise<string[]> {
  const bytes = await readFile(join(machine.folder, 'loaded'));
  const list = 'gzip -d | cpio --quiet -t';
  const { stdout } = await execa('sh', ['-c', list], { input: bytes.subarray(bytes.indexOf(GZIP)) });
  return stdout.split('\n');
}

// The machine that runs the tests may have a kernel without kexec.
const GO_ON = '--force';

describe('a client that loads a tarball by a pipe', () => {
  it('starts the image that it loaded', async () => {
    await drive((await pack('new')).bytes, GO_ON);
    expect(await loadedInitrd()).toBe('new');
  });

  it('says to run what is its own among the flags for kexec, which gets the others', async () => {
    const { bytes } = await pack('new');
    expect((await drive(bytes, `-f --no-sync --keys-of=root`)).log).toContain('going on because of --force');
    const flags = await readFile(join(machine.folder, 'flags'), 'utf8');
    expect(flags.split(/\s/)).toContain('--no-sync');
    for (const own of ['-f', '--force', '--keys-of=root']) expect(flags.split(/\s/)).not.toContain(own);
  });

  it('adds to the command line of the installer, which kexec would have lost', async () => {
    const { log } = await drive((await pack('new')).bytes, '--append=ip=eth0:dhcp --force --append=quiet');
    expect(log).not.toContain('not for you');
    const flags = await readFile(join(machine.folder, 'flags'), 'utf8');
    expect(flags).toMatch(/--command-line=.* ip=eth0:dhcp quiet /);
    expect(flags).not.toContain('--append');
  });

  it.each(['-e', '--exe', '--load-panic', '-yu', '-d', '--command-line=x', '--reuse-cmdline', '--app'])(
    'cannot have kexec do another thing than load and start: %s',
    async (flag) => {
      const { log } = await drive((await pack('new')).bytes, `--no-sync ${flag} --force`);
      expect(log).toContain(`--kexec-extra-flags: ${flag} is not for you to choose`);
      expect(await loadedInitrd()).toBeUndefined();
    },
  );

  it('is told what to type where a refusal could be wrong', async () => {
    await rm(join(machine.folder, 'home/.ssh/authorized_keys'));
    const { log } = await drive((await pack('new')).bytes);
    expect(log).toContain('to go on all the same: nixos-anywhere --kexec-extra-flags "--force"');
  });
});

describe('a tarball from a link with a password, a host name and kernel parameters', () => {
  const customisation: ResolvedCustomisation = {
    keys: [],
    cmdline: v.parse(ExtraCmdline, 'ip=eth0:dhcp'),
    hostname: v.parse(HostName, 'web-1'),
    passwordHash: v.parse(PasswordHash, `$y$j9T$${'./'.repeat(11)}$${'a'.repeat(43)}`),
  };

  it('says so, is a way in without a key, and shows no command line the hash', async () => {
    await rm(join(machine.folder, 'home/.ssh/authorized_keys'));
    const { log } = await drive(customised(await pack('new'), customisation), GO_ON);
    expect(log).toContain('this link names the installer web-1');
    expect(log).toContain('this link sets a password for root');
    expect(log).not.toContain('no SSH key');
    expect(await taken()).toEqual(expect.arrayContaining(['customisation/hostname', 'customisation/password-hash']));
    const flags = await readFile(join(machine.folder, 'flags'), 'utf8');
    expect(flags).toContain(' ip=eth0:dhcp');
    expect(`${flags}${log}`).not.toContain('$y$');
  });

  it('minds what would be lost of the network only where it gives the machine no address', async () => {
    await writeFile(join(machine.kexec, 'before-jump.jq'), '"lost the way here would be lost"\n');
    const tarball = await pack('new');
    const lost = 'the way here would be lost; going on because of --force';
    const without = { ...customisation, cmdline: undefined };
    expect((await drive(customised(tarball, without), GO_ON)).log).toContain(lost);
    expect((await drive(customised(tarball, customisation), GO_ON)).log).not.toContain(lost);
    const byFlag = `${GO_ON} --append=ip=eth0:dhcp`;
    expect((await drive(customised(tarball, without), byFlag)).log).not.toContain(lost);
  });

  it('is refused with more parameters than Linux takes', async () => {
    const { log } = await drive(customised(await pack('new'), customisation), `${GO_ON} --append=${'a'.repeat(2040)}`);
    expect(log).toMatch(/would have 2\d\d\d characters, and Linux takes 2047/);
    expect(await loadedInitrd()).toBeUndefined();
  });
});

describe('a tarball that is unpacked over a customised one', () => {
  it('leaves nothing of whose key that one brought, though it is of the same image', async () => {
    const plain = await pack('new');
    const { log } = await drive(withKey(plain, STRANGER), GO_ON);
    expect(log).toContain(`this link lets these keys log in as root:\n  ${STRANGER}`);
    expect(await taken()).toContain('customisation/authorized_keys');
    await rm(join(machine.folder, 'loaded'));

    expect((await drive(plain.bytes, GO_ON)).log).not.toContain('stranger');
    expect((await taken()).filter((name) => name.startsWith('customisation'))).toEqual([]);
  });

  it('does not use a folder that an older edge put there, and says so', async () => {
    const { bytes } = await pack('new');
    await mkdir(join(machine.kexec, 'customisation'));
    await writeFile(join(machine.kexec, 'customisation/authorized_keys'), `${STRANGER}\n`);
    expect((await drive(bytes, GO_ON)).log).toContain('kexec/customisation is of an older download and is not used');
    expect((await taken()).filter((name) => name.startsWith('customisation'))).toEqual([]);
  });
});

describe('a download that breaks off, over an image that was there before,', () => {
  let old: Buffer;
  let whole: Tarball;
  beforeEach(async () => {
    old = withKey(await pack('old'), STRANGER);
    whole = await pack('new');
    await execa('tar', ['-xz'], { cwd: machine.folder, input: old });
    // Times of files are compared in seconds.
    await sleep(1100);
  });

  it.each([
    ['before anything came, as with a 404', () => 0],
    ['in its first entry', () => 100],
    ['in image.conf', ({ area }) => area.offset - 700],
    ['in the area of customisations', ({ area }) => area.offset + 5000],
    ['in a script', ({ area }) => area.offset + area.length + 2000],
    ['half-way', ({ bytes }) => bytes.length / 2],
    ['just before its end', ({ bytes }) => bytes.length - 60],
  ] satisfies [string, (tarball: Tarball) => number][])('starts nothing: %s', async (_, end) => {
    const { log } = await drive(whole.bytes.subarray(0, end(whole)));
    expect(log).toMatch(/download (broke off or )?failed/);
    expect(log).not.toContain('stranger');
    expect(await loadedInitrd()).toBeUndefined();
  });
});
