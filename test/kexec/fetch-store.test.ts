import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../nix/lean/fetch-store');
const STORE = randomBytes(3_000_000);
const SHA256 = createHash('sha256').update(STORE).digest('hex');
/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:1/store';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Where a request wants the store from. */
const offsetOf = ({ headers }: IncomingMessage): number => Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);

/** Sends what is asked for of some bytes, as web servers do. */
function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer = STORE): void {
  const offset = offsetOf(request);
  const head = { 'Content-Length': bytes.length - offset };
  const range = `bytes ${offset}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(offset > 0 ? 206 : 200, offset > 0 ? { ...head, 'Content-Range': range } : head);
  response.end(bytes.subarray(offset));
}

/** Promises all that is left, and sends some of it. */
function sendSome(request: IncomingMessage, response: ServerResponse, length: number, then: () => void): void {
  const offset = offsetOf(request);
  response.writeHead(offset > 0 ? 206 : 200, {
    'Content-Length': STORE.length - offset,
    ...(offset > 0 && { 'Content-Range': `bytes ${offset}-${STORE.length - 1}/${STORE.length}` }),
  });
  response.write(STORE.subarray(offset, offset + length), then);
}

let bin: string;
let withCurl: string;
const servers: Server[] = [];

beforeAll(async () => {
  bin = await mkdtemp(join(tmpdir(), 'busybox-'));
  await execa('busybox', ['--install', '-s', bin]);
  withCurl = await mkdtemp(join(tmpdir(), 'curl-'));
  const { stdout } = await execa('sh', ['-c', 'command -v curl']);
  await symlink(stdout, join(withCurl, 'curl'));
});
afterAll(async () => {
  for (const server of servers) server.close();
  for (const folder of [bin, withCurl]) await rm(folder, { recursive: true });
});

async function listen(server: Server, scheme = 'http'): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return `${scheme}://127.0.0.1:${address.port}/store`;
}
const serve = (handler: Handler) => listen(createServer(handler));

interface Wanted {
  /** What the kernel command line says. */
  readonly cmdline?: string;
  /** Where the image was told to ask when it was built. */
  readonly addresses?: readonly string[];
  readonly patience?: number;
  /** What it downloads with. */
  readonly client?: 'wget' | 'curl';
  /** What the kernel says of memory. */
  readonly meminfo?: string;
}

/** Runs the program with busybox's tools in a mount namespace of its own; gives what it left and what its console shows. */
async function fetchStore({ cmdline = 'quiet', addresses = [], patience = 20, client = 'wget', meminfo }: Wanted) {
  const folder = await mkdtemp(join(tmpdir(), 'fetch-store-'));
  await mkdir(join(folder, 'to'));
  const facts = ['name=a-store', `size=${STORE.length}`, `sha256=${SHA256}`, ...addresses.map((it) => `address=${it}`)];
  await writeFile(join(folder, 'facts'), facts.map((line) => `${line}\n`).join(''));
  await writeFile(join(folder, 'cmdline'), `${cmdline}\n`);
  if (meminfo !== undefined) await writeFile(join(folder, 'meminfo'), meminfo);
  const options = `--facts facts --cmdline cmdline --cmdline more-cmdline --console console --to to --stall 2 --patience ${patience}`;
  const script = `[ ! -e meminfo ] || mount --bind meminfo /proc/meminfo
    sh ${program} ${options}; status=$?; cp to/* . 2>/dev/null; df -k to | tail -n 1; exit $status`;
  const result = await execa('unshare', ['--map-root-user', '--mount', join(bin, 'sh'), '-c', script], {
    cwd: folder,
    env: { PATH: client === 'curl' ? `${withCurl}:${bin}` : bin },
    reject: false,
  });
  const console = await readFile(join(folder, 'console'), 'utf8');
  const found = await readFile(join(folder, 'a-store')).catch(() => undefined);
  await rm(folder, { recursive: true });
  const { exitCode, stderr, stdout } = result;
  return {
    exitCode,
    stderr,
    console,
    isThere: found?.equals(STORE) ?? false,
    kibibytes: Number(stdout.split(/\s+/)[1]),
  };
}

const clients = ['wget', 'curl'] as const;
const whole = { exitCode: 0, stderr: '', isThere: true };

describe.concurrent('the store of a lean image is fetched', () => {
  it('by the address that was built in, with about ten lines on the console', async () => {
    const fetched = await fetchStore({ addresses: [await serve(send)] });
    expect(fetched).toMatchObject(whole);
    expect(fetched.console).toMatch(
      /^store: fetching the system, 3 MiB\n(store: \d+ % of 3 MiB\n){0,11}store: .*the right one/,
    );
  });

  it('first by the last address on the kernel command line', async () => {
    const asked: string[] = [];
    const note =
      (name: string, then: Handler): Handler =>
      (request, response) => {
        asked.push(name);
        then(request, response);
      };
    const no: Handler = (_, response) => response.writeHead(404).end();
    const [builtIn, first, last] = [
      await serve(note('built in', send)),
      await serve(note('first', no)),
      await serve(note('last', no)),
    ];
    const cmdline = `live.nixos.store=${first} root=* live.nixos.store=${last}`;
    expect(await fetchStore({ cmdline, addresses: [builtIn] })).toMatchObject(whole);
    expect(asked).toEqual(['last', 'first', 'built in']);
  });

  it.each(clients)('through a redirect: %s', async (client) => {
    const there = await serve(send);
    const here = await serve((_, response) => response.writeHead(302, { Location: there }).end());
    expect(await fetchStore({ addresses: [here], client })).toMatchObject(whole);
  });

  it('from a server whose certificate nobody vouches for, because the digest does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
    await execa(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=x', '-keyout', 'key', '-out', 'cert'],
      {
        cwd: folder,
      },
    );
    const [key, cert] = [await readFile(join(folder, 'key')), await readFile(join(folder, 'cert'))];
    await rm(folder, { recursive: true });
    const address = await listen(createTlsServer({ key, cert }, send), 'https');
    expect(await fetchStore({ addresses: [address], client: 'curl' })).toMatchObject(whole);
  });

  it.each(clients)('from where a broken connection stopped, at 10, 50 and 90 %: %s', async (client) => {
    const offsets: number[] = [];
    const address = await serve((request, response) => {
      offsets.push(offsetOf(request));
      const stop = [0.1, 0.5, 0.9].map((part) => part * STORE.length).find((at) => at > offsetOf(request));
      if (stop === undefined) send(request, response);
      else sendSome(request, response, stop - offsetOf(request), () => response.destroy());
    });
    expect(await fetchStore({ addresses: [address], client })).toMatchObject(whole);
    expect(offsets).toEqual([0, 300_000, 1_500_000, 2_700_000]);
  });

  it('where the first address is dead, and the second takes over what a third began', async () => {
    const began = await serve((request, response) => sendSome(request, response, 1_000_000, () => response.destroy()));
    const offsets: number[] = [];
    const other = await serve((request, response) => {
      offsets.push(offsetOf(request));
      send(request, response);
    });
    const fetched = await fetchStore({ addresses: [DEAD, began, other] });
    expect(fetched).toMatchObject(whole);
    expect(fetched.console).toContain(`store: ${DEAD}: can't connect`);
    expect(offsets).toEqual([1_000_000]);
  });

  it('where a server stalls, by asking again', async () => {
    let asked = 0;
    const address = await serve((request, response) => {
      asked += 1;
      if (asked === 1) sendSome(request, response, 1_000_000, () => undefined);
      else send(request, response);
    });
    const fetched = await fetchStore({ addresses: [address] });
    expect(fetched).toMatchObject(whole);
    expect(fetched.console).toContain('nothing came for 2 seconds');
  });

  it.each(clients)('from a server that knows no ranges, from the beginning: %s', async (client) => {
    let asked = 0;
    const address = await serve((request, response) => {
      asked += 1;
      if (asked === 1) sendSome(request, response, 1_000_000, () => response.destroy());
      else response.writeHead(200, { 'Content-Length': STORE.length }).end(STORE);
    });
    expect(await fetchStore({ addresses: [address], client })).toMatchObject(whole);
  });

  it('from the next address where one sends other bytes, of which none is kept', async () => {
    const wrong = await serve((request, response) => send(request, response, Buffer.alloc(STORE.length)));
    const fetched = await fetchStore({ addresses: [wrong, await serve(send)] });
    expect(fetched).toMatchObject(whole);
    expect(fetched.console).toContain(`store: ${wrong}: what came is another file`);
  });

  it('though an address that breaks off sends other bytes every time', async () => {
    const wrong = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': STORE.length });
      response.write(Buffer.alloc(1_000_000), () => response.destroy());
    });
    expect(await fetchStore({ addresses: [wrong, await serve(send)] })).toMatchObject(whole);
  });

  it.each([
    ['the page of a portal', Buffer.from('<html>log in first</html>')],
    ['a larger file', Buffer.alloc(STORE.length * 3)],
  ])('from the next address where one answers with %s', async (_, bytes) => {
    const portal = await serve((__, response) =>
      response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes),
    );
    const fetched = await fetchStore({ addresses: [portal, await serve(send)] });
    expect(fetched).toMatchObject(whole);
    expect(fetched.console).toContain(`store: ${portal}: what came is not the system`);
  });

  it('into room that is no larger than it', async () => {
    const fetched = await fetchStore({ addresses: [await serve(send)] });
    expect(fetched).toMatchObject(whole);
    expect(fetched.kibibytes).toBeLessThan(STORE.length / 1024 + 80);
  });
});

describe.concurrent('it is given up with the reason', () => {
  const failed = { exitCode: 1, isThere: false };

  it('when nothing new came for too long', async () => {
    const address = await serve((_, response) => response.writeHead(404).end());
    const fetched = await fetchStore({ addresses: [address], patience: 3 });
    expect(fetched).toMatchObject(failed);
    expect(fetched.console).toContain(`store: ${address}: server returned error: HTTP/1.1 404 Not Found\n`);
    expect(fetched.console).toMatch(/store: nothing new came for 3 seconds, .*live\.nixos\.store=ADDRESS/);
  });

  it('when only other bytes come: they are left nowhere', async () => {
    const address = await serve((request, response) => send(request, response, Buffer.alloc(STORE.length)));
    expect(await fetchStore({ addresses: [address], patience: 3 })).toMatchObject(failed);
  });

  it('at once, with the figures, where memory is too small', async () => {
    const meminfo = 'MemTotal:  32768 kB\nMemAvailable:  30000 kB\n';
    const fetched = await fetchStore({ addresses: [await serve(send)], meminfo });
    expect(fetched).toMatchObject(failed);
    expect(fetched.console).toContain("takes 3 MiB, and of this machine's 32 MiB of memory 30 are free");
  });

  it('at once where no address is known', async () => {
    const fetched = await fetchStore({ cmdline: 'live.nixos.store= live.nixos.store=ftp://x/y' });
    expect(fetched).toMatchObject(failed);
    expect(fetched.console).toContain('live.nixos.store=http://SERVER/...');
  });
});
