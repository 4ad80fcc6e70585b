import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listedFilesOf } from '@nixos-images/shared';
import { SAMPLE_AREA } from '@nixos-images/shared/testing';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedRelease, serveRelease } from './served-release.ts';

const encode = (text: string) => Buffer.from(text).toString('base64url');

describe('a customised address', () => {
  let served: ServedRelease;
  let github: Server;
  let folder: string;
  let key: string;
  let fingerprint: string;
  const accounts = new Map<string, string>();

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${served.localEdge.url}${path}`, { headers });
  const bytesOf = async (path: string) => Buffer.from(await (await get(path)).arrayBuffer());
  const withKey = () => `/with/key:${encode(key)},cmdline:${encode('quiet panic=10')}`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nixos-images-customised-'));
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'alice@example.org', '-f', join(folder, 'key')]);
    key = (await readFile(join(folder, 'key.pub'), 'utf8')).trim();
    fingerprint = (await execa('ssh-keygen', ['-lf', join(folder, 'key.pub')])).stdout.split(' ')[1] ?? '';
    await mkdir(join(folder, 'kexec'));
    await writeFile(join(folder, 'kexec', 'run'), '#!/bin/sh\n');
    await writeFile(join(folder, 'kexec', 'initrd'), Buffer.alloc(300_000, 7));
    await execa('tar', ['-czf', 'image.tar.gz', 'kexec'], { cwd: folder });
    const bytes = Uint8Array.from(await readFile(join(folder, 'image.tar.gz')));
    github = createServer((request, response) => {
      const keys = accounts.get((request.url ?? '').replace(/^\/|\.keys$/g, ''));
      response.writeHead(keys === undefined ? 404 : 200).end(keys);
    });
    github.listen({ host: '127.0.0.1', port: 0 });
    await once(github, 'listening');
    const address = github.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    served = await serveRelease(
      { content: { role: 'tarball', bytes }, variants: [] },
      { GITHUB_ORIGIN: `http://127.0.0.1:${port}` },
    );
  });
  afterAll(async () => {
    await served.stop();
    github.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['GNU tar', 'tar', ['-xzf', '-']],
    ['busybox', 'busybox', ['tar', '-xzf', '-']],
    ['bsdtar', 'bsdtar', ['-xzf', '-']],
  ])('of a tarball unpacks in full with %s', async (name, program, options) => {
    const target = join(folder, name.replace(' ', '-'));
    await mkdir(target);
    await execa(program, options, { cwd: target, input: await bytesOf(`${withKey()}/kexec/x86_64.tar.gz`) });
    expect(await readFile(join(target, 'kexec/customisation/authorized_keys'), 'utf8')).toBe(`${key}\n`);
    expect(await readFile(join(target, 'kexec/customisation/cmdline'), 'utf8')).toBe('quiet panic=10\n');
    expect(await readFile(join(target, 'kexec/initrd'))).toEqual(Buffer.alloc(300_000, 7));
    expect(await readFile(join(target, 'kexec/run'), 'utf8')).toBe('#!/bin/sh\n');
  });

  it('of a tarball leaves nothing of an older one that it is unpacked over', async () => {
    const target = join(folder, 'twice');
    await mkdir(join(target, 'kexec/customisation'), { recursive: true });
    await writeFile(join(target, 'kexec/customisation/authorized_keys'), `${key} of somebody else\n`);
    const onlyCmdline = await bytesOf(`/with/cmdline:${encode('quiet')}/kexec/x86_64.tar.gz`);
    await execa('tar', ['-xzf', '-'], { cwd: target, input: onlyCmdline });
    expect(await readFile(join(target, 'kexec/customisation/authorized_keys'), 'utf8')).toBe('');
    expect(await readFile(join(target, 'kexec/customisation/cmdline'), 'utf8')).toBe('quiet\n');
  });

  it('gives the same bytes in parts as in one go, with a tag of its own', async () => {
    for (const path of ['/kexec/x86_64.tar.gz', '/iso/x86_64.iso', '/netboot/x86_64.efi'].map(
      (path) => withKey() + path,
    )) {
      const response = await get(path);
      const whole = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get('Content-Length')).toBe(String(whole.length));
      const plain = await get(path.replace(withKey(), ''), {});
      await plain.arrayBuffer();
      expect(response.headers.get('ETag')).not.toBe(plain.headers.get('ETag'));
      expect(response.headers.get('Repr-Digest')).toBeNull();
      for (const [from, to] of [
        [0, 9],
        [500, 4000],
        [2040, 2060],
        [3060, 3090],
        [1000, whole.length - 1],
      ] as const) {
        const part = await get(path, { Range: `bytes=${from}-${to}`, 'If-Range': response.headers.get('ETag') ?? '' });
        expect(part.status).toBe(206);
        expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(from, to + 1));
      }
    }
  });

  it('of an ISO changes its area only, and that to an archive that cpio reads', async () => {
    const [plain, custom] = [await bytesOf('/iso/x86_64.iso'), await bytesOf(`${withKey()}/iso/x86_64.iso`)];
    const { offset, length } = SAMPLE_AREA;
    expect(custom.length).toBe(plain.length);
    expect(custom.subarray(0, offset)).toEqual(plain.subarray(0, offset));
    expect(custom.subarray(offset + length)).toEqual(plain.subarray(offset + length));
    const target = join(folder, 'iso');
    await mkdir(target);
    await execa('cpio', ['-i', '--quiet'], { cwd: target, input: custom.subarray(offset, offset + length) });
    expect(await readFile(join(target, 'customisation/authorized_keys'), 'utf8')).toBe(`${key}\n`);
  });

  it('of netboot loads one more initrd, and says on the console whose key it brings', async () => {
    const script = await (await get(`${withKey()}/netboot/x86_64.ipxe`)).text();
    expect(script).toContain(
      'kernel --name linux /netboot@26.05.20260820.e17386d/x86_64/interactive/kernel initrd=initrd initrd=customisation ',
    );
    expect(script).toMatch(/ quiet panic=10 \$\{cmdline\} \|\|/);
    expect(script).toContain(`echo CUSTOMISED: root login for ssh-ed25519 ${fingerprint} alice@example.org`);
    const address = /^initrd --name customisation (\S+) /m.exec(script)?.[1] ?? '';
    expect(address).not.toContain(':');
    const target = join(folder, 'netboot');
    await mkdir(target);
    await execa('sh', ['-c', 'gunzip | cpio -i --quiet'], { cwd: target, input: await bytesOf(address) });
    expect(await readFile(join(target, 'customisation/authorized_keys'), 'utf8')).toBe(`${key}\n`);
  });

  it('of an EFI file has an archive behind the initrd, that cpio reads, and its parameters in the head', async () => {
    const { manifest } = served.release;
    const image = manifest.images.find(({ kind, arch }) => kind === 'netboot' && arch === 'x86_64');
    if (image?.kind !== 'netboot') throw new Error('the sample release has no such image');
    const custom = await bytesOf(`${withKey()}/netboot/x86_64.efi`);
    const padded = (size: number, multiple: number) => Math.ceil(size / multiple) * multiple;
    const initrdAt = (image.efi?.whole.size ?? 0) - padded(image.files.initrd.size, 512);
    const target = join(folder, 'efi');
    await mkdir(target);
    const archive = custom.subarray(initrdAt + padded(image.files.initrd.size, 4));
    await execa('cpio', ['-i', '--quiet'], { cwd: target, input: archive });
    expect(await readFile(join(target, 'customisation/authorized_keys'), 'utf8')).toBe(`${key}\n`);
    expect(custom.subarray(0, image.efi?.head.size).toString('latin1')).toContain(' quiet panic=10\0');
  });

  it('tells how to hold the rest against the signed digest', async () => {
    const { manifest } = served.release;
    for (const path of ['/kexec/x86_64.tar.gz', '/iso/x86_64.iso', '/netboot/x86_64.efi']) {
      const facts: unknown = await (await get(`${withKey()}${path}.json`)).json();
      expect(facts).toMatchObject({
        customisation: { keys: [{ fingerprint, comment: 'alice@example.org' }], cmdline: 'quiet panic=10' },
      });
      const check = /"check":\s*"([^"]+)"/.exec(JSON.stringify(facts))?.[1] ?? '';
      await writeFile(join(folder, 'FILE'), await bytesOf(`${withKey()}${path}`));
      const { stdout } = await execa('sh', ['-c', check], { cwd: folder });
      const signed = await (await get(`${path}.sha256`)).text();
      expect(stdout.slice(0, 64)).toBe(signed.slice(0, 64));
      expect(manifest.images.flatMap(listedFilesOf).map(({ file }) => String(file.sha256))).toContain(
        stdout.slice(0, 64),
      );
    }
  });

  it('takes the keys of a GitHub account, without options or anything else that is no key', async () => {
    const [type = '', base64 = ''] = key.split(' ');
    accounts.set('alice', `${type} ${base64}\ncommand="x" ${type} ${base64}\nssh-dss AAAA\n`);
    const facts: unknown = await (await get('/with/github:Alice/kexec/x86_64.json')).json();
    expect(facts).toMatchObject({ customisation: { keys: [{ fingerprint, comment: 'github:alice' }] } });
    expect((await get('/with/github:nobody/kexec/x86_64')).status).toBe(404);
    accounts.set('keyless', '');
    expect((await get('/with/github:keyless/kexec/x86_64')).status).toBe(404);
  });

  it('that is too large for an ISO is refused', async () => {
    const long = Array.from({ length: 7 }, () => `key:${encode(key)}`).join(',');
    expect((await get(`/with/${long}/iso/x86_64.iso`)).status).toBe(400);
    expect((await get(`/with/${long}/kexec/x86_64.tar.gz`)).status).toBe(200);
  });

  it('is answered under one host name only, or not at all, if the operator says so', async () => {
    const off = await serveRelease({ variants: [] }, { CUSTOMISATION: 'off' });
    expect((await fetch(`${off.localEdge.url}${withKey()}/kexec/x86_64`)).status).toBe(404);
    const escaped = withKey().replace('with', '%77%69th');
    expect((await fetch(`${off.localEdge.url}${escaped}/kexec/x86_64`)).status).toBe(404);
    expect((await fetch(`${off.localEdge.url}/kexec/x86_64`, { method: 'HEAD' })).status).toBe(200);
    await off.stop();
    const own = await serveRelease({ variants: [] }, { CUSTOMISATION: 'localhost' });
    const { port } = new URL(own.localEdge.url);
    expect((await fetch(`http://127.0.0.1:${port}${withKey()}/kexec/x86_64`)).status).toBe(404);
    expect((await fetch(`http://localhost:${port}${withKey()}/kexec/x86_64`, { method: 'HEAD' })).status).toBe(200);
    await own.stop();
  });
});
