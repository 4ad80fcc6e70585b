import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';
import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ServedRelease, serveRelease } from './served-release.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/ways-in.md');
const PACK = join(import.meta.dirname, '../../nix/kexec/pack');
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD';
/** Stands in for the tarball's `run`: says that it was started. */
const RUN = '#!/bin/sh\necho "run got: $*"\n';

interface Example {
  readonly language: string;
  /** What the example is for, by the word behind the language; empty for plain shell. */
  readonly program: string;
  readonly text: string;
}

let served: ServedRelease;
let github: Server;
let folder: string;
let home: string;
let document: string;

beforeAll(async () => {
  document = await readFile(DOCUMENT, 'utf8');
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-ways-'));
  await mkdir(join(folder, 'kexec'));
  await writeFile(join(folder, 'kexec/run'), RUN);
  await chmod(join(folder, 'kexec/run'), 0o755);
  await copyFile((await execa('sh', ['-c', 'command -v busybox'])).stdout, join(folder, 'kexec/busybox'));
  await writeFile(join(folder, 'kexec/image.conf'), 'arch=x86_64\n');
  await execa(PACK, [folder, join(folder, 'tarball')]);
  const bytes = Uint8Array.from(await readFile(join(folder, 'tarball')));
  github = createServer((request, response) => {
    response.writeHead(request.url === '/alice.keys' ? 200 : 404).end(`${KEY}\n`);
  });
  github.listen({ host: '127.0.0.1', port: 0 });
  await once(github, 'listening');
  const address = github.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  served = await serveRelease({ content: { role: 'tarball', bytes } }, { GITHUB_ORIGIN: `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  await served.stop();
  github.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  home = await mkdtemp(join(folder, 'home-'));
});

const examples = (): Example[] =>
  [...document.matchAll(/^```(\w+) ?([\w-]*)\n(.*?)^```$/gms)].map(([, language = '', program = '', text = '']) => ({
    language,
    program,
    text,
  }));
/** An example with the edge of the test in the place of the one of the page. */
const local = (text: string) =>
  text
    .replaceAll(/https?:\/\/images\.example\.org/g, served.localEdge.url)
    .replaceAll('images.example.org', new URL(served.localEdge.url).host);
/** The examples for a program. */
const examplesFor = (program: string): string[] => {
  const found = examples().filter((example) => example.program === program);
  expect(found, `the page has an example for ${program || 'a shell'}`).not.toEqual([]);
  return found.map(({ text }) => local(text));
};
/** Without CAP_SYS_BOOT, so that nothing can jump. */
const shell = (script: string) =>
  execa('setpriv', ['--bounding-set', '-sys_boot', 'sh', '-euc', script], {
    cwd: home,
    env: { HOME: home, TMPDIR: home },
  });

describe('the page of ways in', () => {
  it('asks what the page of the server asks', async () => {
    const page = await (await fetch(served.localEdge.url, { headers: { Accept: 'text/html' } })).text();
    const asked = [...page.matchAll(/name="have".*?<b>(.*?)<\/b>/gs)].map(([, title = '']) => title);
    const headings = [...document.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title);
    expect(asked).toHaveLength(5);
    expect(headings.slice(0, -1)).toEqual(asked);
  });

  it('names no address that is not there', async () => {
    const urls = [...document.matchAll(/(?:https?:\/\/|\(http,)images\.example\.org\)?(\/[\w/:@.-]*\w)/g)].map(
      ([, path = '']) => path,
    );
    expect(urls.length).toBeGreaterThan(20);
    for (const path of new Set(urls)) {
      const response = await fetch(`${served.localEdge.url}${path}`);
      await response.arrayBuffer();
      expect([path, response.status]).toEqual([path, 200]);
    }
  });

  it('has a program for every example that is not run by a shell', () => {
    const programs = examples().map(({ program }) => program);
    expect([...new Set(programs)].toSorted()).toEqual(
      [
        '',
        'address',
        'ansible',
        'cloud-init',
        'dd',
        'dnsmasq',
        'grub',
        'ipxe',
        'nixos-anywhere',
        'packer',
        'systemd-boot',
        'terraform',
        'virt-install',
        'ways',
      ].toSorted(),
    );
  });
});

async function has(program: string): Promise<boolean> {
  return !(await execa('sh', ['-c', 'command -v "$1"', 'sh', program], { reject: false })).failed;
}

describe('an example', async () => {
  it('for a shell does what it says', async () => {
    for (const text of examplesFor('')) await shell(text);
    expect((await readdir(home, { recursive: true })).toSorted()).toEqual(
      ['EFI', 'EFI/BOOT', 'EFI/BOOT/BOOTX64.EFI', 'EFI/nixos-installer.efi', 'x86_64.iso'].toSorted(),
    );
    const [first = ''] = examplesFor('');
    const { stdout } = await shell(first);
    expect(stdout).toContain('run got: --dry-run');
  });

  it('for jq gives the line of the page', async () => {
    const [text = ''] = examplesFor('ways');
    expect((await shell(text)).stdout).toBe('curl -L {origin}/kexec.sh | sh');
  });

  it('for Ansible fetches, checks, unpacks and starts the installer', async () => {
    const [text = ''] = examplesFor('ansible');
    await writeFile(join(home, 'play.yml'), text.replaceAll('/root', home).replace('become: true', 'become: false'));
    const { stdout } = await execa('ansible-playbook', ['-v', '-c', 'local', '-i', 'localhost,', 'play.yml'], {
      cwd: home,
      env: { HOME: home, ANSIBLE_LOCALHOST_WARNING: 'false', LC_ALL: 'C.UTF-8' },
    });
    expect(stdout).toContain('run got:');
    expect(stdout).toMatch(/failed=0/);
  });

  it('for cloud-init keeps to its schema, and starts the installer', async () => {
    const [text = ''] = examplesFor('cloud-init');
    await writeFile(join(home, 'user-data'), text);
    // The program itself is not installed: it would set up the machine that runs the tests.
    await execa('apt-get', ['download', 'cloud-init'], { cwd: home });
    const [archive = ''] = (await readdir(home)).filter((name) => name.endsWith('.deb'));
    await execa('dpkg-deb', ['-x', archive, '.'], { cwd: home });
    const schemas = join(home, 'usr/lib/python3/dist-packages/cloudinit/config/schemas');
    const { $schema: _, ...schema } = v.parse(
      v.looseObject({}),
      JSON.parse(await readFile(join(schemas, 'schema-cloud-config-v1.json'), 'utf8')),
    );
    const validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema);
    const userData: unknown = parse(text);
    validate(userData);
    expect(validate.errors).toBeNull();
    expect(validate({ runcmd: 7 })).toBe(false);
    const Command = v.tuple([v.literal('sh'), v.literal('-c'), v.string()]);
    const { runcmd } = v.parse(v.object({ runcmd: v.tuple([Command]) }), userData);
    const command = runcmd[0][2];
    expect((await shell(command.replaceAll('/run/', `${home}/`))).stdout).toContain('run got:');
  });

  // nixpkgs has none that is free.
  it.skipIf(!(await has('packer')))('for Packer is what Packer takes', async () => {
    const [text = ''] = examplesFor('packer');
    await writeFile(join(home, 'nixos.pkr.hcl'), text);
    await execa('packer', ['validate', 'nixos.pkr.hcl'], { cwd: home, env: { HOME: home, CHECKPOINT_DISABLE: '1' } });
  });

  it('for virt-install makes a machine', async () => {
    await shell(`curl -fsSLO ${served.localEdge.url}/iso/x86_64.iso`);
    for (const text of examplesFor('virt-install')) {
      // libvirt's own driver for tests: a hypervisor that runs nothing.
      const { stdout } = await shell(
        text.replace('virt-install ', 'virt-install --connect test:///default --print-xml '),
      );
      expect(stdout).toContain('<name>nixos</name>');
      if (text.includes('kernel='))
        expect(stdout).toContain('<cmdline>init=/init console=ttyS0,115200 console=tty0</cmdline>');
    }
  });

  it('for dnsmasq is what dnsmasq takes', async () => {
    const [text = ''] = examplesFor('dnsmasq');
    await writeFile(join(home, 'dnsmasq.conf'), text);
    const { stderr } = await execa(
      await findTool('dnsmasq', { debian: 'dnsmasq-base', nix: 'dnsmasq' }),
      ['--test', '-C', 'dnsmasq.conf'],
      { cwd: home },
    );
    expect(stderr).toContain('syntax check OK');
  });

  it('for GRUB is what GRUB takes', async () => {
    const [text = ''] = examplesFor('grub');
    await execa('grub-script-check', [], { input: text });
  });

  it('for systemd-boot is an entry that bootctl finds', async () => {
    const [text = ''] = examplesFor('systemd-boot');
    await writeFile(join(home, 'entry'), text);
    await execa('apt-get', ['download', 'systemd-boot', 'libsystemd-shared'], { cwd: home });
    for (const archive of (await readdir(home)).filter((name) => name.endsWith('.deb')))
      await execa('dpkg-deb', ['-x', archive, '.'], { cwd: home });
    // It takes the root of a file system alone for an ESP.
    const { stdout } = await execa('unshare', ['-m', 'sh', '-euc', BOOTCTL], {
      cwd: home,
      env: { SYSTEMD_RELAX_ESP_CHECKS: '1' },
    });
    expect(stdout).toMatch(/title: NixOS installer/);
    expect(stdout).toMatch(/Boot Loader Specification Type #1/);
  });

  it('for iPXE begins with what iPXE needs to know a script by', async () => {
    for (const url of (examplesFor('ipxe')[0] ?? '').matchAll(/chain (\S+)/g))
      expect(await (await fetch(url[1] ?? '')).text()).toMatch(/^#!ipxe\n/);
  });
});

const BOOTCTL = `
mkdir esp
mount -t tmpfs esp esp
mkdir -p esp/loader/entries esp/EFI
cp entry esp/loader/entries/nixos-installer.conf
: >esp/EFI/nixos-installer.efi
LD_LIBRARY_PATH=$(dirname "$(find usr lib -name 'libsystemd-shared*.so' 2>/dev/null | head -n 1)")
export LD_LIBRARY_PATH
usr/bin/bootctl --esp-path="$PWD/esp" --boot-path="$PWD/esp" --no-pager list
`;
