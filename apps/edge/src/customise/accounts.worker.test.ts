import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ask, publishSample, startEdge } from '../testing/sample-edge.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJmV1ivPFEyEdOpyGxdCV6GdECNOoJDRcMXJ5jRM8Zp';
const IPXE = { 'User-Agent': 'iPXE/1.21.1' };

let edge: Ask;
/** What GitHub answers; it rejects where GitHub cannot be reached. */
let github: (url: string, signal: AbortSignal | null | undefined) => Response | Promise<Response>;
/** Another for every test, because an edge holds the keys of an account for a minute. */
let alice: string;
let number = 0;

beforeEach(async () => {
  number += 1;
  alice = `alice-${number}`;
  github = () => new Response(`${KEY}\n`);
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => github(String(input), init?.signal));
  await publishSample();
  edge = startEdge();
});

afterEach(() => vi.restoreAllMocks());

const ask = (path: string, headers: Record<string, string> = {}) => edge(path, { headers });

const bytesOf = async (path: string) => new Uint8Array(await (await ask(path)).arrayBuffer());
const tooManyRequests = () => new Response('slow down', { status: 429 });

/** Where a script says that the customisation is. */
const addressIn = (script: string) => /^initrd --name customisation (\S+) /m.exec(script)?.[1] ?? '';

describe('the script of a netboot image with the keys of an account', () => {
  it('names the very keys that it shows, so that the boot goes on when GitHub fails, or has others', async () => {
    const asAccount = await bytesOf(`/with/github:${alice},cmdline:cXVpZXQ/netboot/x86_64/customisation`);
    const address = addressIn(await (await ask(`/with/github:${alice},cmdline:cXVpZXQ/netboot/x86_64.ipxe`)).text());
    expect(address).toMatch(/^\/with\/key%3A/);
    expect(address).not.toContain('github');
    for (const failure of [tooManyRequests, () => new Response(`${KEY.replace('GJm', 'GJn')}\n`)]) {
      github = failure;
      const response = await ask(address, IPXE);
      expect(response.status).toBe(200);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(asAccount);
    }
    expect(vi.mocked(fetch)).toHaveBeenCalledTimes(1);
  });

  it('has room for twenty keys, and says so where long ones do not fit', async () => {
    github = () => new Response(`${KEY}\n`.repeat(20));
    const script = await (await ask(`/with/github:${alice}/netboot/x86_64.ipxe`)).text();
    expect(script.match(/^echo CUSTOMISED: root login for/gm)).toHaveLength(20);
    expect((await ask(addressIn(script))).status).toBe(200);
    github = () => new Response(`ssh-rsa AAAAB3NzaC1yc2E${'A'.repeat(713)}\n`.repeat(8));
    const response = await ask(`/with/github:${alice}-rsa/netboot/x86_64.ipxe`);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('do not fit into one')]);
  });
});

describe('when GitHub cannot be asked', () => {
  it.each<[string, typeof github]>([
    ['because it answers 429', tooManyRequests],
    ['because it sends elsewhere', () => Response.redirect('https://github.example/login')],
    ['because it cannot be reached', () => Promise.reject(new TypeError('network'))],
  ])('%s, iPXE gets a script in place of one, and an error in place of an initrd or a disk', async (_, failure) => {
    github = failure;
    const script = await ask(`/with/github:${alice}/netboot/x86_64.ipxe`, IPXE);
    expect([script.status, await script.text()]).toEqual([200, expect.stringContaining('GitHub cannot be asked')]);
    for (const path of ['netboot/x86_64/customisation', 'iso/x86_64.iso', 'kexec/x86_64']) {
      const response = await ask(`/with/github:${alice}/${path}`, IPXE);
      expect([response.status, await response.text()]).toEqual([
        503,
        expect.stringContaining('GitHub cannot be asked'),
      ]);
    }
  });

  it('because it does not answer in time, nobody waits for ever', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(10));
    github = (_, signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('timed out'))));
    expect((await ask(`/with/github:${alice}/kexec/x86_64`)).status).toBe(503);
  });
});

describe('an account', () => {
  const answer = async () => {
    const response = await ask(`/with/github:${alice}/kexec/x86_64`);
    return [response.status, await response.text()];
  };

  it('without keys, or with none that OpenSSH knows, is told so', async () => {
    github = () => new Response('\n');
    expect(await answer()).toEqual([404, expect.stringContaining('has no public keys')]);
    github = () => new Response('ssh-dss AAAA\n');
    expect(await answer()).toEqual([404, expect.stringContaining('no public key that OpenSSH knows')]);
  });

  it('with more keys than are taken is refused rather than cut short', async () => {
    github = () => new Response(`${KEY}\n`.repeat(21));
    expect(await answer()).toEqual([400, expect.stringContaining('more than 20 keys')]);
  });

  it('is not read to the end when there is no end', async () => {
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(`${KEY}\n`.repeat(50))),
      cancel: () => {
        cancelled = true;
      },
    });
    github = () => new Response(endless);
    expect(await answer()).toEqual([400, expect.stringContaining('more than 20 keys')]);
    expect(cancelled).toBe(true);
  });
});

describe('an account of another forge', () => {
  const shown = async (item: string) => {
    const response = await ask(`/with/${item}/kexec/x86_64.json`);
    return [response.status, await response.text()];
  };

  it.each([
    ['gitlab', 'https://gitlab.com/'],
    ['codeberg', 'https://codeberg.org/'],
    ['sourcehut', 'https://meta.sr.ht/~'],
  ])('of %s is asked for there, once a minute, and comments between the keys are none', async (forge, origin) => {
    github = () => new Response(`# who uploaded these keys is not verified\n${KEY} alice@laptop\n`);
    for (let round = 0; round < 2; round += 1)
      expect(await shown(`${forge}:${alice}`)).toEqual([
        200,
        expect.stringContaining(`"comment": "${forge}:${alice}"`),
      ]);
    expect(vi.mocked(fetch).mock.calls.map(([url]) => url)).toEqual([`${origin}${alice}.keys`]);
  });

  it('that GitLab sends elsewhere for is one that it does not know', async () => {
    github = () => Response.redirect('https://gitlab.com/users/sign_in');
    expect(await shown(`gitlab:${alice}`)).toEqual([404, expect.stringContaining('GitLab knows no account')]);
    expect(await shown(`codeberg:${alice}`)).toEqual([503, expect.stringContaining('Codeberg cannot be asked')]);
  });
});

describe('a host name and a password in an address', () => {
  const HASH = `$y$j9T$${'a'.repeat(22)}$${'b'.repeat(43)}`;
  const front = `/with/hostname:Web-1,password:${btoa(HASH).replaceAll('=', '')}`;

  it('are said before anything is booted, without the hash where a parameter or a text could show it', async () => {
    const script = await (await ask(`${front}/netboot/x86_64.ipxe`)).text();
    expect(script).toContain('echo CUSTOMISED: root login with a password of who made this link\n');
    expect(script).toContain('echo CUSTOMISED: host name web-1\n');
    expect(script).not.toContain('j9T');
    const json: unknown = await (await ask(`${front}/iso/x86_64.iso.json`)).json();
    expect(json).toMatchObject({ customisation: { keys: [], cmdline: null, hostname: 'web-1', password: true } });
    expect(JSON.stringify(json)).not.toContain('j9T');
  });

  it('are files of the initrd that a netboot script adds', async () => {
    const response = await ask(`${front}/netboot/x86_64/customisation`);
    const archive = await new Response(response.body?.pipeThrough(new DecompressionStream('gzip'))).text();
    expect(archive).toContain('customisation/hostname\0');
    expect(archive).toContain(HASH);
  });

  it('are refused for a tarball that would take no notice of them', async () => {
    const response = await ask(`${front}/kexec/x86_64.tar.gz`);
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('older than host names')]);
  });
});

describe('kernel parameters that make a long line', () => {
  const long = Array(20).fill('rd.route=2001:db8:1234::/64:2001:db8::1').join(' ');
  const lineOf = async (arch: string, cmdline: string) => {
    const response = await ask(`/with/cmdline:${btoa(cmdline).replaceAll('=', '')}/netboot/${arch}.ipxe`);
    return /^kernel .*$/m.exec(await response.text())?.[0] ?? `${response.status}`;
  };

  it('all stand on it for x86_64', async () => {
    expect(await lineOf('x86_64', `quiet ${long}`)).toContain(` quiet ${long} `);
  });

  it('for aarch64, are left to the initrd where the system finds them there, and refused where it does not', async () => {
    expect(await lineOf('aarch64', 'quiet ip=eth0:dhcp')).toContain(' quiet ip=eth0:dhcp ');
    const line = await lineOf('aarch64', `quiet ${long}`);
    expect(line).toMatch(/ quiet \$\{cmdline\}/);
    expect(line).not.toContain('rd.route');
    expect(await lineOf('aarch64', Array(50).fill('quiet').join(' '))).toBe('400');
  });
});

describe('a customised address', () => {
  it('changes nothing about the canonical one: bytes, tags, digests, caching, checksums', async () => {
    const canonical = ['/kexec/x86_64.tar.gz', '/iso/x86_64.iso', '/netboot/x86_64.ipxe', '/netboot/x86_64/initrd'];
    const all = async () => {
      const answers = [];
      for (const path of canonical.flatMap((address) => [address, `${address}.sha256`, `${address}.json`])) {
        const response = await ask(path);
        answers.push([path, [...response.headers], new Uint8Array(await response.arrayBuffer())]);
      }
      return answers;
    };
    const before = await all();
    for (const address of ['/kexec/x86_64.tar.gz', '/iso/x86_64.iso', '/netboot/x86_64.ipxe']) {
      const plain = await ask(address);
      const custom = await ask(`/with/github:${alice}${address}`);
      await plain.arrayBuffer();
      await custom.arrayBuffer();
      expect(custom.status).toBe(200);
      expect(custom.headers.get('ETag')).not.toBe(plain.headers.get('ETag'));
      expect(custom.headers.get('Content-Location')).toMatch(/^\/with\//);
      expect(custom.headers.get('Cache-Control')).not.toContain('immutable');
      expect(custom.headers.get('Content-Disposition')).toContain('customised-');
    }
    expect(await all()).toEqual(before);
  });
});
