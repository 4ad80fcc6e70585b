// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what stands in braces here is for iPXE to expand.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ask, publishSample, startEdge } from '../testing/sample-edge.ts';

const VERSION = '26.05.20260820.e17386d';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJmV1ivPFEyEdOpyGxdCV6GdECNOoJDRcMXJ5jRM8Zp';
const FINGERPRINT = 'SHA256:uOQHPww5fY3s3I8RGTwslqXDLdA1cFaRTz20XsmIONU';
/** One for every test: an edge holds the keys of an account for a minute. */
let alice: string;
let number = 0;
let keys: string;
let edge: Ask;

beforeEach(async () => {
  number += 1;
  alice = `alice-${number}`;
  keys = `${KEY}\n`;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response(keys));
  await publishSample({ variants: ['low-memory', 'of-somebody'] });
  edge = startEdge();
});

afterEach(() => vi.restoreAllMocks());

async function ask(path: string, settings: Record<string, string> = {}): Promise<string> {
  const response = await edge(path, { headers: { 'User-Agent': 'iPXE/1.21.1' } }, settings);
  expect(response.status).toBe(200);
  return await response.text();
}

/** Where a menu's choices lead. */
const chained = (script: string) =>
  [...script.matchAll(/^chain (\/\S+\.ipxe) \|\| goto failed$/gm)].map(([, address]) => address);

describe('the menu', () => {
  it('says of every variant how much memory it needs, and whom it is for', async () => {
    const menu = await ask('/boot.ipxe');
    const items = [...menu.matchAll(/^item x86_64_\S+ \$\{\} \$\{\} (.*)$/gm)].map(([, text]) => text);
    expect(items).toEqual([
      'interactive (needs 256 MB): for a person at the screen',
      'low-memory (needs 256 MB): for machines with 1 GB',
      'of-somebody (needs 256 MB)',
    ]);
    expect(menu).toContain(`item --gap SMOKE (not NixOS) nixos-26.05 (${VERSION})\n`);
  });

  it('leads to itself with the keys of an account where links are answered, and nowhere else', async () => {
    const line = /^chain \/with\/github%3A\$\{nixos_account:uristring\}\/boot\.ipxe/m;
    expect(await ask('/boot.ipxe')).toMatch(line);
    for (const CUSTOMISATION of ['off', 'links.example.org']) {
      edge = startEdge();
      expect(await ask('/boot.ipxe', { CUSTOMISATION })).not.toMatch(line);
    }
  });
});

describe('an iPXE of before 2021', () => {
  const settings = { PUBLIC_ORIGIN: 'https://images.example.org' };

  it('may go on with the newer one that is published: as a Linux kernel by BIOS, as an EFI program that is told where', async () => {
    const menu = await ask('/boot.ipxe', settings);
    expect(menu).toContain(
      'isset ${cwuri} && goto known_x86_64 ||\nitem --gap This iPXE is of before 2021, with fewer drivers. If it does not work:\nitem newer_x86_64 Go on with iPXE 6.12.1\n',
    );
    expect(menu).toContain(
      `set nixos_and:hex 26:26\nchain --autofree /ipxe@${VERSION}/x86_64/menu.efi ifconf \${nixos_and:string} chain http://images.example.org/boot.ipxe ||`,
    );
    expect(menu).toContain(`:newer_x86_64_bios\nchain --autofree /ipxe@${VERSION}/x86_64/menu.lkrn ||`);
  });

  it('is offered nothing that is not there, or does not know where to go on', async () => {
    const menu = await ask('/boot.ipxe');
    expect(menu).toContain('iseq ${platform} efi && goto known_x86_64 ||\n');
    expect(menu).not.toContain('newer_aarch64');
  });

  it('keeps the customisation, or is not offered what has no room for it', async () => {
    const menu = await ask('/with/hostname:web/boot.ipxe', settings);
    expect(menu).toContain('chain http://images.example.org/with/hostname:web/boot.ipxe ||');
    expect(menu).toContain('iseq ${platform} efi || goto known_x86_64\n');
    expect(menu).not.toContain('menu.lkrn');
  });
});

describe('the menu with a customisation', () => {
  it('shows who is let in, and leads to images with those very keys', async () => {
    const menu = await ask(`/with/github:${alice},cmdline:cXVpZXQ,hostname:web/boot.ipxe`);
    expect(menu).toContain(`item --gap = github:${alice} ${FINGERPRINT}\n`);
    expect(menu).toContain('item --gap CUSTOMISED: kernel parameters quiet\n');
    expect(menu).toContain('item --gap CUSTOMISED: host name web\n');
    const addresses = chained(menu);
    expect(addresses).toHaveLength(6);
    keys = KEY.replace('GJm', 'GJn');
    for (const address of addresses) {
      expect(address).toMatch(/^\/with\/key%3A[\w-]+,cmdline%3AcXVpZXQ,hostname%3Aweb\/netboot@26\.05\./);
      expect(await ask(address ?? '')).toContain(`echo CUSTOMISED: root login for ssh-ed25519 ${FINGERPRINT}`);
    }
    expect(menu).not.toContain('goto account');
  });

  it('is no longer than a screen, however many keys there are', async () => {
    keys = `${KEY}\n`.repeat(20);
    const menu = await ask(`/with/github:${alice}/boot.ipxe`);
    expect(menu.match(/^item --gap = .* SHA256:/gm)).toHaveLength(12);
    expect(menu).toContain('item --gap = 14 more keys, listed before anything is loaded\n');
  });

  it('is a script that says what is wrong where it cannot be made', async () => {
    expect(await ask('/with/githup:alice/boot.ipxe')).toMatch(
      /^echo The customisation in this address cannot be read/m,
    );
    keys = '';
    expect(await ask(`/with/github:${alice}/boot.ipxe`)).toMatch(/^echo The GitHub account .* has no public keys/m);
    expect(await ask(`/with/github:${alice}/boot.ipxe`, { CUSTOMISATION: 'off' })).toMatch(/^echo Customised images/m);
  });
});
