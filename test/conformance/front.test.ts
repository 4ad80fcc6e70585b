import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execa } from 'execa';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedRelease, serveRelease } from './served-release.ts';

const OpenApi = v.object({
  openapi: v.literal('3.1.0'),
  paths: v.record(v.string(), v.object({ get: v.object({ responses: v.record(v.string(), v.unknown()) }) })),
  components: v.object({ schemas: v.record(v.string(), v.record(v.string(), v.unknown())) }),
});

describe('the machine-readable front', () => {
  let served: ServedRelease;
  let openApi: v.InferOutput<typeof OpenApi>;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${served.localEdge.url}${path}`, { headers });

  beforeAll(async () => {
    served = await serveRelease({ published: new Date().toISOString() });
    openApi = v.parse(OpenApi, await (await get('/openapi.json')).json());
  });
  afterAll(() => served.stop());

  it.each([
    ['Catalog', '/v1/catalog.json', 200, {}],
    ['Release', '/v1/releases/26.05.20260820.e17386d.json', 200, {}],
    ['Image', '/kexec/x86_64.json', 200, {}],
    ['Image', '/iso@26.05/arm64/low-memory.iso.json', 200, {}],
    ['Image', '/netboot/x86_64/kernel.json', 200, {}],
    ['Image', '/netboot/x86_64.ipxe.json', 200, {}],
    ['Image', '/with/hostname:web-1/iso/x86_64.iso.json', 200, {}],
    ['KexecScript', '/kexec.sh.json', 200, {}],
    ['Health', '/healthz', 200, {}],
    ['Problem', '/kexec/riscv64.json', 404, {}],
    ['Problem', '/nothing', 404, { Accept: 'application/json' }],
    ['Problem', '/v1/releases/26.05.20260820.0000000.json', 404, {}],
  ])('answers with a %s at %s as its description says', async (schema, path, status, headers) => {
    const response = await get(path, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      openApi.components.schemas[schema] ?? {},
    );
    const valid = validate(await response.json());
    expect(validate.errors).toBeNull();
    expect(valid).toBe(true);
  });

  it('describes addresses that exist', async () => {
    for (const template of Object.keys(openApi.paths).filter((path) => !path.endsWith('.minisig'))) {
      const path = template
        .replace('{kind}', 'kexec')
        .replace('{arch}', 'x86_64')
        .replace('{channel}', 'latest')
        .replace('{customisation}', 'cmdline:cXVpZXQ')
        .replace('{version}', '26.05.20260820.e17386d');
      expect([path, (await get(path)).status]).toEqual([path, 200]);
    }
  });

  it('tells the ways into an image, whose addresses are there', async () => {
    const Ways = v.object({ ways: v.array(v.object({ name: v.string(), address: v.string(), line: v.string() })) });
    for (const path of ['/kexec@26.05/x86_64', '/iso/aarch64', '/with/hostname:web-1/netboot/x86_64']) {
      const { ways } = v.parse(Ways, await (await get(`${path}.json`)).json());
      expect(ways.length).toBeGreaterThan(1);
      for (const { address, line } of ways) {
        expect([address, (await get(address)).status]).toEqual([address, 200]);
        expect(line).toContain(address);
        expect(line).toMatch(/\{(origin|host)\}/);
        if (path.startsWith('/with/')) expect(line).toContain('/with/hostname:web-1/');
      }
    }
    const named = await serveRelease({ kinds: ['iso'], variants: [] }, { PUBLIC_ORIGIN: 'https://images.example.org' });
    const { ways } = v.parse(Ways, await (await fetch(`${named.localEdge.url}/iso/x86_64.json`)).json());
    await named.stop();
    expect(ways.map(({ line }) => line)).toContain('wget https://images.example.org/iso/x86_64.iso');
  });

  it('lists releases in a feed that an XML parser reads', async () => {
    const response = await get('/feed.atom');
    expect(response.headers.get('Content-Type')).toContain('application/atom+xml');
    const text = await response.text();
    await execa('xmllint', ['--noout', '-'], { input: text });
    expect(text).toContain('<title>nixos-26.05 26.05.20260820.e17386d (smoke images, not NixOS)</title>');
  });

  it('answers preflight requests', async () => {
    const response = await fetch(`${served.localEdge.url}/v1/catalog.json`, { method: 'OPTIONS' });
    expect(response.status).toBe(204);
    expect(response.headers.get('Access-Control-Allow-Methods')).toBe('GET, HEAD, OPTIONS');
  });
});

describe('addresses', () => {
  let served: ServedRelease;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${served.localEdge.url}${path}`, { headers, redirect: 'manual' });

  beforeAll(async () => {
    served = await serveRelease();
  });
  afterAll(() => served.stop());

  it.each([
    '/nix-community/nixos-images/releases/download/nixos-26.05/nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz',
    '/nix-community/nixos-images/releases/latest/download/nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz',
    '/releases/download/nixos-26.05/nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz',
    '/kexec/amd64',
    '/kexec@nixos-26.05/X86_64-LINUX/noninteractive.tar.gz',
    '/kexec@26.05.20260820.e17386d/x64',
  ])('%s gives the very tarball in the first answer', async (path) => {
    const [direct, other] = await Promise.all([get('/kexec/x86_64.tar.gz'), get(path)]);
    expect(other.status).toBe(200);
    expect(other.headers.get('ETag')).toBe(direct.headers.get('ETag'));
    expect(Buffer.from(await other.arrayBuffer())).toEqual(Buffer.from(await direct.arrayBuffer()));
  });

  it('of GitHub releases without a variant give the interactive tarball', async () => {
    const response = await get('/releases/latest/download/nixos-kexec-installer-aarch64-linux.tar.gz');
    expect(response.headers.get('Content-Location')).toContain('/aarch64/interactive.tar.gz');
  });

  it('of files check out with sha256sum -c', async () => {
    const line = await (await get('/iso/x86_64.sha256')).text();
    const file = await get('/iso/x86_64');
    const { stdout } = await execa('sha256sum', [], { input: Buffer.from(await file.arrayBuffer()), encoding: 'utf8' });
    expect(line.startsWith(stdout.slice(0, 64))).toBe(true);
    expect(file.headers.get('Content-Disposition')).toBe(`attachment; filename="${line.slice(66).trim()}"`);
  });

  it('of signatures give what the release has, and say so when it has none', async () => {
    expect((await get('/kexec/x86_64.minisig')).status).toBe(404);
    expect((await get('/minisign.pub')).status).toBe(404);
    const signed = await serveRelease({ version: '26.05.20260901.abcdef0', variants: [] });
    const put = (key: string, text: string) => signed.localEdge.put(key, Uint8Array.from(Buffer.from(text)));
    const folder = 'releases/26.05.20260901.abcdef0';
    const name = 'smoke-kexec-26.05.20260901.abcdef0-x86_64-noninteractive.tar.gz';
    await put(`${folder}/${name}.minisig`, 'a signature of the tarball');
    await put(`${folder}/SHA256SUMS.minisig`, 'a signature of the sums');
    await put('minisign.pub', 'a public key');
    const text = async (path: string) => (await fetch(`${signed.localEdge.url}${path}`)).text();
    expect(await text('/kexec/x86_64.tar.gz.minisig')).toBe('a signature of the tarball');
    expect(await text(`/${folder}/${name}.minisig`)).toBe('a signature of the tarball');
    expect(await text(`/${folder}/SHA256SUMS.minisig`)).toBe('a signature of the sums');
    expect(await text('/minisign.pub')).toBe('a public key');
    const list = await fetch(`${signed.localEdge.url}/${folder}/`, { headers: { Accept: 'text/plain' } });
    expect(await list.text()).toContain('/SHA256SUMS.minisig\n');
    await signed.stop();
  });

  it('that name a version may be kept for ever, others are asked for again', async () => {
    const pinned = (await get('/kexec/x86_64')).headers.get('Content-Location') ?? '';
    expect((await get(pinned)).headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable');
    expect((await get('/kexec/x86_64')).headers.get('Cache-Control')).toBe('public, max-age=0, must-revalidate');
  });

  it('are never redirected, whatever a proxy says of the scheme', async () => {
    const response = await get('/netboot/x86_64.ipxe', {
      'X-Forwarded-Proto': 'http',
      'Upgrade-Insecure-Requests': '1',
    });
    expect(response.status).toBe(200);
    expect(await response.text()).not.toContain('http');
  });

  it('that do not exist tell iPXE in a script, a terminal in a sentence', async () => {
    const ipxe = await get('/netboot/riscv64', { 'User-Agent': 'iPXE/1.21.1' });
    expect(ipxe.status).toBe(200);
    expect(await ipxe.text()).toMatch(/^#!ipxe\necho\necho There is no architecture/);
    for (const notScript of [
      '/netboot/riscv64/kernel',
      '/netboot/riscv64/cmdline',
      '/netboot/riscv64.ipxe.sha256',
      '/iso/riscv64.iso',
      '/releases/latest/download/initrd-riscv64-linux',
    ]) {
      const response = await get(notScript, { 'User-Agent': 'iPXE/1.21.1' });
      expect([notScript, response.status]).toEqual([notScript, 404]);
      expect(await response.text()).not.toContain('#!ipxe');
    }
    const terminal = await get('/netboot/riscv64');
    expect(terminal.status).toBe(404);
    expect(await terminal.text()).toBe(
      'There is no architecture "riscv64". These exist:\n  /netboot/x86_64\n  /netboot/aarch64\n',
    );
  });
});

describe('a web server in front of the bucket', () => {
  let origin: Server;
  let served: ServedRelease;
  const asked: string[] = [];
  let failing = false;
  let breaking = false;

  beforeAll(async () => {
    origin = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers.range ?? 'whole'}`);
      const bytes = served.release.objects.get((request.url ?? '').slice(1));
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
      if (failing) response.writeHead(500).end();
      else if (breaking)
        response.writeHead(200, { 'Content-Length': 10_000 }).write(Buffer.alloc(5_000), () => response.destroy());
      else if (bytes === undefined) response.writeHead(404).end();
      else if (range === null) response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
      else {
        const [from, to] = [Number(range[1]), Number(range[2])];
        response
          .writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${bytes.length}`, 'Content-Length': to - from + 1 })
          .end(bytes.subarray(from, to + 1));
      }
    });
    origin.listen({ host: '127.0.0.1', port: 0 });
    await once(origin, 'listening');
    const address = origin.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    served = await serveRelease({}, { BLOB_ORIGIN: `http://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await served.stop();
    origin.close();
  });

  it('gives the same answers as the bucket', async () => {
    const url = `${served.localEdge.url}/iso/x86_64`;
    const line = await (await fetch(`${url}.sha256`)).text();
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    const { stdout } = await execa('sha256sum', [], { input: whole, encoding: 'utf8' });
    expect(stdout.slice(0, 64)).toBe(line.slice(0, 64));
    const part = await fetch(url, { headers: { Range: 'bytes=100-299' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(100, 300));
    const key = `/blobs/sha256/${line.slice(0, 64)}`;
    expect(asked).toEqual([`${key} whole`, `${key} bytes=100-299`]);
  });

  it('that breaks off breaks the connection to the client, never a clean end', async () => {
    breaking = true;
    const { exitCode, stdout } = await execa(
      'curl',
      ['-s', '-o', '/dev/null', '-w', '%{http_code}', `${served.localEdge.url}/iso/x86_64`],
      {
        reject: false,
      },
    );
    breaking = false;
    expect(stdout).toBe('200');
    // 18: less came than was promised; 56: the connection was reset.
    expect([18, 56]).toContain(exitCode);
  });

  it('that fails gives 503 with Retry-After and no word of its own', async () => {
    failing = true;
    const response = await fetch(`${served.localEdge.url}/iso/x86_64`);
    failing = false;
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('30');
    expect(await response.text()).toBe('The bucket cannot be read just now; please try again in a minute.\n');
  });
});
