import { env } from 'cloudflare:workers';
import { CATALOG_KEY, formatJson, type Kind } from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Ask, startEdge } from './testing/sample-edge.ts';

const OLD = '26.05.20260820.e17386d';
const NEW = '26.11.20261120.abcdef0';
const published = '2026-11-20T00:00:00.000Z';
const frozen = { status: 'frozen', since: published, reason: 'upstream ended it' };

let edge: Ask;

beforeEach(() => {
  edge = startEdge();
});

const ask = (path: string, headers: Record<string, string> = {}) => edge(path, { headers });
const versionAt = async (path: string) =>
  /\d\d\.\d\d\.\d{8}\.\w{7}/.exec((await ask(path)).headers.get('Content-Location') ?? '')?.[0];
const status = async (path: string) => (await ask(path)).status;

/** Publishes nixos-26.05 with everything, and nixos-26.11 with some kinds, each with what its catalog entry says besides. */
async function publish(kinds: readonly Kind[], newer: object, older: object = {}): Promise<void> {
  const releases = await Promise.all([
    sampleRelease({ version: OLD, channel: 'nixos-26.05', size: 100, published }),
    sampleRelease({ version: NEW, channel: 'nixos-26.11', size: 100, published, kinds }),
  ]);
  for (const { objects } of releases) for (const [key, bytes] of objects) await env.BUCKET.put(key, bytes);
  const { catalog } = sampleCatalog(releases.map(({ manifest }) => manifest));
  const entries = Object.entries(catalog.channels).map(([name, entry]) => [
    name,
    { ...entry, ...(name === 'nixos-26.11' ? newer : older) },
  ]);
  await env.BUCKET.put(CATALOG_KEY, formatJson({ ...catalog, channels: Object.fromEntries(entries) }));
}

describe('on the first day of a new channel that lacks images', () => {
  beforeEach(() => publish(['kexec'], { stage: 'stable' }));

  it('latest moves for what it has, and stays where it is for the rest', async () => {
    expect(await versionAt('/kexec/x86_64.sha256')).toBe(NEW);
    expect(await versionAt('/iso/x86_64.iso.sha256')).toBe(OLD);
    expect(await versionAt('/netboot@stable/x86_64.ipxe')).toBe(OLD);
    expect(await status('/releases/latest/download/nixos-installer-x86_64-linux.iso')).toBe(200);
  });

  it('the menu boots the newest stable release that can be booted', async () => {
    const script = await (await ask('/boot.ipxe')).text();
    expect(/--default (\S+)/.exec(script)?.[1]).toBe('x86_64_nixos-26.05_interactive');
  });

  it('the page names what its addresses give', async () => {
    const page = await (await ask('/', { Accept: 'text/plain' })).text();
    expect(page).toContain('/iso/x86_64');
    expect(page).toContain('@latest');
  });

  it('what no stable channel has is answered with what the newest one has', async () => {
    const response = await ask('/iso/x86_64/tiny');
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining(NEW)]);
  });
});

describe('a beta', () => {
  beforeEach(() => publish(['kexec', 'iso', 'netboot'], { stage: 'beta' }));

  it('is had by its name, and by no alias', async () => {
    expect(await versionAt('/kexec@26.11/x86_64.sha256')).toBe(NEW);
    expect(await versionAt('/kexec@stable/x86_64.sha256')).toBe(OLD);
    expect(await versionAt('/kexec/x86_64.sha256')).toBe(OLD);
  });

  it('is called one in the menu, on the page and in .json', async () => {
    expect(await (await ask('/boot.ipxe')).text()).toMatch(/item --gap .*nixos-26\.11 .*beta/);
    expect(await (await ask('/', { Accept: 'text/plain' })).text()).toContain('beta: not released yet');
    expect(await (await ask('/kexec@26.11/x86_64.json')).json()).toMatchObject({ stage: 'beta' });
  });
});

describe('a frozen channel', () => {
  it('no longer has the aliases while another is stable, and gets them where none is', async () => {
    await publish(['kexec'], { state: frozen });
    expect(await versionAt('/kexec/x86_64.sha256')).toBe(OLD);
    edge = startEdge();
    await publish(['kexec'], { state: frozen }, { state: frozen });
    expect(await versionAt('/kexec/x86_64.sha256')).toBe(NEW);
  });
});

describe.each([
  ['a withdrawn channel', { stage: 'withdrawn', state: frozen }],
  ['a channel past its sunset', { state: { ...frozen, sunset: '2026-11-21T00:00:00.000Z' } }],
])('%s', (_, entry) => {
  beforeEach(() => publish(['kexec', 'iso', 'netboot'], entry));

  it('is gone by its name, with the reason and what there is', async () => {
    const response = await ask('/kexec@26.11/x86_64');
    expect(response.status).toBe(410);
    expect(await response.text()).toMatch(
      /^nixos-26\.11 is withdrawn: upstream ended it\. These are not:\n(.*\n)* {2}26\.05\n$/,
    );
  });

  it('is had by its version still, whose bytes never change', async () => {
    expect(await status(`/kexec@${NEW}/x86_64.sha256`)).toBe(200);
  });

  it('is in neither alias, menu nor list of names', async () => {
    expect(await versionAt('/kexec/x86_64.sha256')).toBe(OLD);
    expect(await (await ask('/boot.ipxe')).text()).not.toContain('26.11');
    expect(await (await ask('/kexec@27.05/x86_64')).text()).not.toMatch(/^ {2}26\.11$/m);
  });
});
