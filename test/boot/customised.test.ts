import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalEdge } from '@nixos-images/local-edge';
import { blobKey, CATALOG_KEY, Catalog, channelsOf, filesOf, formatAddress } from '@nixos-images/shared';
import { execa } from 'execa';
import { HOST_SEEN_FROM_GUEST, netbootMachine } from 'nixos-images/boot';
import { SmokeFacts } from 'nixos-images/testing';
import * as v from 'valibot';
import { expect, inject } from 'vitest';
import { bootTest, PATIENCE } from './boot-test.ts';

/** Listens on a free port of the loopback. */
async function listen(
  resources: AsyncDisposableStack,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const server = createServer(answer).listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  resources.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening TCP server has a port');
  return address.port;
}

async function temporaryFolder(resources: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-customised-boot-'));
  resources.defer(() => rm(folder, { recursive: true }));
  return folder;
}

/** What `ssh-keygen` makes: the public key without its comment, as GitHub gives it, and the fingerprint. */
async function newKey(folder: string, type: string) {
  const file = join(folder, type);
  await execa('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', file]);
  const { stdout } = await execa('ssh-keygen', ['-lf', `${file}.pub`]);
  return { line: (await readFile(`${file}.pub`, 'utf8')).trim(), fingerprint: stdout.split(' ')[1] ?? '' };
}

/** A bucket's folder with what netboot needs of the release that the local stack serves. */
async function copiedBucket(folder: string): Promise<void> {
  const stack = inject('stackUrl');
  const edge = await startLocalEdge({ port: 0, host: '127.0.0.1', state: folder });
  const catalogText = await (await fetch(`${stack}/v1/catalog.json`)).text();
  const catalog = v.parse(Catalog, JSON.parse(catalogText));
  for (const channel of channelsOf(catalog)) {
    const { version, images } = catalog.channels[channel]?.current ?? { version: undefined, images: [] };
    const netboot = images.filter(({ kind, arch }) => kind === 'netboot' && arch === 'x86_64');
    for (const { file } of netboot.flatMap(filesOf)) {
      if (version === undefined) continue;
      const response = await fetch(`${stack}${formatAddress({ type: 'entry', version, name: file.name })}`);
      await edge.put(blobKey(file.sha256), new Uint8Array(await response.arrayBuffer()));
    }
  }
  await edge.put(CATALOG_KEY, new TextEncoder().encode(catalogText));
  await edge.stop();
}

bootTest(
  'netboot-bios-customised',
  "who netboots with an account's keys can log in, though GitHub fails once the script is out, and an address is as long as can be",
  async ({ start, step }) => {
    await using resources = new AsyncDisposableStack();
    const folder = await temporaryFolder(resources);
    const [own, long] = [await newKey(folder, 'ed25519'), await newKey(folder, 'rsa')];
    const asked: string[] = [];
    let failing = false;
    const githubPort = await listen(resources, (incoming, response) => {
      asked.push(`${failing ? 429 : 200} ${incoming.url}`);
      response
        .writeHead(failing ? 429 : 200)
        .end(failing ? '' : [own.line, ...Array(8).fill(long.line), ''].join('\n'));
    });

    const state = join(folder, 'bucket');
    await copiedBucket(state);
    const vars = { GITHUB_ORIGIN: `http://127.0.0.1:${githubPort}` };
    const startEdge = () => startLocalEdge({ port: 0, host: '127.0.0.1', state, vars });
    let edge = await startEdge();
    resources.defer(() => edge.stop());

    // What a machine asks for may come to an edge that nobody asked before: so it does for everything after the script.
    const requests: string[] = [];
    const afterScript = async (): Promise<void> => {
      failing = true;
      await edge.stop();
      edge = await startEdge();
    };
    let next: Promise<void> | undefined;
    const frontPort = await listen(resources, (incoming, response) => {
      const { method, url = '', headers } = incoming;
      if (!url.endsWith('.ipxe')) next ??= afterScript();
      Promise.resolve(next).then(() => {
        const forwarded = request(`${edge.url}${url}`, { method, headers }, (answer) => {
          requests.push(`${answer.statusCode} ${url}`);
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        forwarded.on('error', () => response.destroy());
        forwarded.end();
      });
    });

    const script = new URL(`http://${HOST_SEEN_FROM_GUEST}:${frontPort}/with/github:alice/netboot/x86_64.ipxe`);
    const machine = await start(netbootMachine('', 'x86_64', 'bios', script, 32 * 1024 * 1024));
    await machine.console.waitFor(/smoke: ready/, { seconds: PATIENCE });
    step('the new system is there');
    const keys = new SmokeFacts(machine.console.text).of('authorized-key');
    expect(keys[0]).toMatchObject({ fingerprint: own.fingerprint, comment: 'github:alice' });
    expect(keys).toHaveLength(9);
    expect(asked).toEqual(['200 /alice.keys']);
    const customisation = requests.find((line) => line.includes('/customisation')) ?? '';
    expect(customisation).toMatch(/^200 \/with\/key/);
    expect(customisation.length).toBeGreaterThan(6000);
  },
);
