import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatJson, releaseKey } from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { execa } from 'execa';
import jsQR from 'jsqr';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ServedRelease, serveRelease } from '../conformance/served-release.ts';
import { startBrowser, watch } from './browser.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD alice@example.org';
const WITH_KEY = `/with/key:${Buffer.from(KEY).toString('base64url')}`;
const OLDER = '26.05.20260813.b18a4b9';
const PROMOTED = '2026-08-13T05:05:06.000Z';
const PUBLIC_KEY = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3';
const HAVES = ['linux', 'stick', 'console', 'network', 'ipxe'];
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const NO_SCRIPTS = { javaScriptEnabled: false };

let served: ServedRelease;
let browser: Browser;

beforeAll(async () => {
  served = await serveRelease();
  const { version, published, images } = served.release.manifest;
  const tests = images
    .filter(({ kind }) => kind === 'iso')
    .map(({ kind, arch, variant }) => ({
      kind,
      arch,
      variant,
      path: 'iso-uefi-usb',
      outcome: 'booted',
      seconds: 41.6,
    }));
  const older = await sampleRelease({
    version: OLDER,
    channel: 'nixos-26.05',
    size: 9_000,
    published: '2026-08-13T04:05:06.000Z',
  });
  for (const [key, bytes] of older.objects) await served.localEdge.put(key, bytes);
  const { key, catalog } = sampleCatalog([served.release.manifest]);
  const former = [{ version: older.manifest.version, published: older.manifest.published, promoted: PROMOTED }];
  const channels = Object.fromEntries(
    Object.entries(catalog.channels).map(([name, entry]) => [name, { ...entry, former }]),
  );
  await served.localEdge.put(key, Buffer.from(formatJson({ ...catalog, channels })));
  await served.localEdge.put('minisign.pub', Buffer.from(`untrusted comment: a key\n${PUBLIC_KEY}\n`));
  await served.localEdge.put(releaseKey(version, 'SHA256SUMS.minisig'), Buffer.from('a signature\n'));
  const boot = { schema: 1, version, time: published, gate: 'run', tools: { qemu: '9.2.1' }, tests };
  await served.localEdge.put(releaseKey(version, 'boot.json'), Buffer.from(formatJson(boot)));
  browser = await startBrowser();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await served.stop();
});

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`${served.localEdge.url}${path}`);
  return page;
}

/** What a QR code says, read from the strokes of its SVG. */
function readQrCode(svg: string): string | undefined {
  const size = Number(/M0 0h(\d+)/.exec(svg)?.[1]);
  const scale = 4;
  const pixels = new Uint8ClampedArray((size * scale) ** 2 * 4).fill(255);
  for (const [, x, y, length] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h/g)) {
    for (let row = 0; row < scale; row += 1) {
      const start = ((Number(y) * scale + row) * size * scale + Number(x) * scale) * 4;
      for (let at = start; at < start + Number(length) * scale * 4; at += 4) pixels.fill(0, at, at + 3);
    }
  }
  return jsQR.default(pixels, size * scale, size * scale)?.data;
}

const line = (page: Page) => page.locator('#line-0');

describe('the form without scripts', () => {
  it('puts every choice into the address, and the line into the page', async () => {
    const page = await open('/', NO_SCRIPTS);
    await page.getByLabel('A USB stick').check();
    await page.getByLabel('aarch64').check();
    await page.getByLabel('Public keys').fill(KEY);
    await page.getByRole('button', { name: 'Make the line' }).click();
    const { searchParams, hash } = new URL(page.url());
    expect(Object.fromEntries([...searchParams].filter(([, value]) => value !== ''))).toEqual({
      have: 'stick',
      arch: 'aarch64',
      key: KEY,
    });
    expect(hash).toBe('#result');
    expect(await line(page).textContent()).toContain(`${served.localEdge.url}${WITH_KEY}/iso/aarch64.iso | sudo dd`);
    // The choice is still made, for the next one.
    expect(await page.getByLabel('A USB stick').isChecked()).toBe(true);
    expect(await page.getByLabel('Public keys').inputValue()).toBe(KEY);
  });

  it.each(HAVES)('has for %s lines whose addresses are there, and is right about variant and channel', async (have) => {
    for (const query of [
      `/?have=${have}`,
      `/?have=${have}&channel=26.05&variant=low-memory&key=${encodeURIComponent(KEY)}`,
    ]) {
      const page = await open(query, NO_SCRIPTS);
      const lines = await page.locator('pre[id^=line-]').allTextContents();
      expect(lines.length).toBeGreaterThan(0);
      const urls = lines.flatMap((text) => [
        ...[...text.matchAll(/https?:\/\/[^\s|"]+/g)].map(([url]) => url),
        ...[...text.matchAll(/\(http,([^)]+)\)(\S+)/g)].map(([, host, path]) => `http://${host}${path}`),
      ]);
      for (const url of urls) expect([url, (await fetch(url)).status]).toEqual([url, 200]);
      const [first = ''] = urls;
      if (query.includes('variant')) expect(first).toMatch(/(@26\.05.*low-memory|low-memory.*26\.05)/);
    }
  });

  it('has the line in its QR code, too', async () => {
    const page = await open(`/?have=linux&key=${encodeURIComponent(KEY)}`, NO_SCRIPTS);
    expect(readQrCode(await page.locator('#result svg').innerHTML())).toBe(await line(page).textContent());
  });

  it('says what the line resolves to: version, digest, boot tests of this very image', async () => {
    const page = await open('/?have=stick', NO_SCRIPTS);
    const about = await page.locator('#about').innerText();
    const image = served.release.manifest.images.find(({ kind }) => kind === 'iso');
    expect(about).toContain(served.release.manifest.version);
    expect(about).toContain(image?.kind === 'iso' ? image.files.iso.sha256 : 'no ISO');
    expect(about).toMatch(/USB stick, UEFI\s+booted in 42 s/);
    expect(await (await open('/?have=linux', NO_SCRIPTS)).locator('#about').innerText()).toContain(
      'None of this image.',
    );
  });

  it('has commands that check what the line fetches', async () => {
    const page = await open('/?have=ipxe', NO_SCRIPTS);
    const commands = (await page.locator('.check pre').textContent()) ?? '';
    expect(commands).toContain(`minisign -Vm SHA256SUMS -P ${PUBLIC_KEY} &&`);
    const folder = await mkdtemp(join(tmpdir(), 'nixos-images-page-'));
    const script = commands.replace('minisign -Vm', 'true');
    const { stdout } = await execa('sh', ['-euc', script], { cwd: folder });
    await rm(folder, { recursive: true });
    expect(stdout.match(/: OK$/gm)).toHaveLength(3);
  });

  it.each([
    ['github', 'github=a--b', 'is not the name of a GitHub account'],
    ['key', 'key=ssh-rsa+AAAA', 'not a public key that OpenSSH knows'],
    ['key', 'key=-----BEGIN+OPENSSH+PRIVATE+KEY-----', 'This is a private key'],
    ['channel', 'channel=27.05', 'There is no channel or version "27.05"'],
    ['cmdline', 'cmdline=%22x', 'no list of kernel parameters'],
    ['hostname', 'hostname=a.b', 'no host name'],
    ['hostname', 'have=linux&hostname=web-1', 'older than host names'],
    ['address', 'address=192.0.2.10', 'no address with its prefix'],
    ['memory', 'memory=many', 'Choose one of these'],
  ])('says at the field %s what is wrong with %s, and makes no line', async (field, query, sentence) => {
    const page = await open(`/?${query}`, NO_SCRIPTS);
    expect(await line(page).count()).toBe(0);
    const control = page.locator(`#${field}`);
    expect(await control.getAttribute('aria-invalid')).toBe('true');
    const about = (await control.getAttribute('aria-describedby')) ?? '';
    expect(await page.locator(`#${about.split(' ')[0]}`).textContent()).toContain(sentence);
    await page.getByRole('alert').getByRole('link', { name: sentence }).click();
    expect(new URL(page.url()).hash).toBe(`#${field}`);
    expect(await page.content()).not.toContain('BEGIN OPENSSH');
  });

  it('says which variants there are instead of one that there is not', async () => {
    const page = await open('/?have=ipxe&variant=tiny', NO_SCRIPTS);
    expect(await page.locator('#variant-fault').textContent()).toContain('There is no variant “tiny”');
    await page.getByRole('radiogroup', { name: 'Variant' }).getByLabel('low-memory').check();
    await page.getByRole('button', { name: 'Make the line' }).click();
    expect(await line(page).textContent()).toContain('/netboot/x86_64/low-memory.ipxe');
  });

  it('says before which ways a machine cannot take, and offers the first that it can', async () => {
    const page = await open('/?have=console&firmware=bios', NO_SCRIPTS);
    const efi = page.locator('#about .ways div').filter({ hasText: 'By UEFI HTTP Boot' }).last();
    expect(await efi.innerText()).toContain('A BIOS machine cannot start this');
    expect(await efi.locator('pre').count()).toBe(0);
    expect(await (await open('/?have=console&firmware=uefi', NO_SCRIPTS)).getByText('A BIOS machine').count()).toBe(0);
    const long = await open(`/?have=network&key=${encodeURIComponent(`${KEY}\n${KEY}`)}`, NO_SCRIPTS);
    expect(await line(long).textContent()).toContain('(http,');
    expect(await long.getByText('there is room for 255').count()).toBe(2);
  });

  it('says before what a machine has too little memory for', async () => {
    expect(await (await open('/?have=ipxe&memory=512', NO_SCRIPTS)).locator('#shortage').count()).toBe(0);
    const big = await serveRelease({ kinds: ['netboot'], variants: [] });
    try {
      const { manifest } = big.release;
      const images = manifest.images.map((image) => {
        if (image.kind !== 'netboot') return image;
        const { kernel, initrd } = image.files;
        return { ...image, files: { kernel, initrd: { ...initrd, size: 370_000_000 } } };
      });
      const { key, bytes } = sampleCatalog([{ ...manifest, images }]);
      await big.localEdge.put(key, bytes);
      const page = await (await browser.newContext(NO_SCRIPTS)).newPage();
      await page.goto(`${big.localEdge.url}/?have=ipxe&memory=512`);
      expect(await page.locator('#shortage').textContent()).toMatch(/needs a machine with .* GB, and yours has 512 MB/);
      expect(await page.getByLabel('A USB stick').isDisabled()).toBe(true);
    } finally {
      await big.stop();
    }
  });
});

describe('the form with its script', () => {
  it('changes the line as the choice changes, and the address with it, so that both can be shared', async () => {
    const page = await open('/');
    expect(await line(page).textContent()).toBe(`curl -L ${served.localEdge.url}/kexec.sh | sh`);
    await page.getByLabel('An iPXE prompt').check();
    await page.getByText(`chain ${served.localEdge.url}/netboot/x86_64.ipxe`).waitFor();
    await page.getByLabel('Public keys').fill(KEY);
    await page.getByText(`chain ${served.localEdge.url}${WITH_KEY}/netboot/x86_64.ipxe`).waitFor();
    const text = await line(page).textContent();
    await page.reload();
    expect(await line(page).textContent()).toBe(text);
    expect(await page.getByLabel('Public keys').inputValue()).toBe(KEY);
  });

  it('copies the very line', async () => {
    const page = await open(`/?have=linux&key=${encodeURIComponent(KEY)}`, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.getByRole('button', { name: 'Copy: One line' }).click();
    await page.getByText('Copied.').waitFor();
    const copied = await page.evaluate('navigator.clipboard.readText()');
    expect(copied).toBe(`curl -L ${served.localEdge.url}${WITH_KEY}/kexec.sh | sh`);
    const script = await (await fetch(`${served.localEdge.url}${WITH_KEY}/kexec.sh`)).text();
    expect(script).toContain('SHA256:');
  });

  it('copies where the browser gives the page no clipboard, as it does over plain HTTP', async () => {
    const page = await open('/', { permissions: ['clipboard-read'] });
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
    await page.getByRole('button', { name: 'Copy: One line' }).click();
    await page.getByText('Copied.').waitFor();
  });

  it('never sends a private key', async () => {
    const page = await open('/');
    const { asked } = watch(page);
    await page.getByLabel('Public keys').fill('-----BEGIN OPENSSH PRIVATE KEY-----');
    await page.getByText('it was not sent').waitFor();
    await page.keyboard.press('Tab');
    expect(asked).toEqual([]);
  });

  it('forgets a variant that the other kind of image does not have', async () => {
    const page = await open('/?have=linux&variant=interactive');
    await page.getByLabel('An iPXE prompt').check();
    await page.getByText('/netboot/x86_64.ipxe').first().waitFor();
    expect(await page.getByRole('radiogroup', { name: 'Variant' }).getByLabel('interactive').isChecked()).toBe(true);
  });

  it('is used with the keyboard alone', async () => {
    const page = await open('/', { permissions: ['clipboard-read', 'clipboard-write'] });
    const press = async (key: string, times = 1) => {
      for (let time = 0; time < times; time += 1) await page.keyboard.press(key);
    };
    await page.locator('[name=have]:checked').focus();
    await press('ArrowDown', 4);
    await page.getByText(`chain ${served.localEdge.url}/netboot/x86_64.ipxe`).waitFor();
    await press('Tab');
    await press('ArrowDown');
    await page.getByText('/netboot/aarch64.ipxe').first().waitFor();
    // Firmware, memory, channel, variant, accounts.
    await press('Tab', 5);
    expect(await page.evaluate('document.activeElement.name')).toBe('github');
    await page.keyboard.type('alice');
    await press('Enter');
    await page.waitForFunction(`document.activeElement.id === 'result'`);
    expect(await line(page).textContent()).toContain('/with/github:alice/netboot/aarch64.ipxe');
    await press('Tab');
    await press('Enter');
    await page.getByText('Copied.').waitFor();
  });

  it('keeps the focus where it is while the page changes under it', async () => {
    const page = await open('/?have=ipxe');
    const variants = page.getByRole('radiogroup', { name: 'Variant' });
    await variants.getByLabel('low-memory').check();
    await page.getByText('/netboot/x86_64/low-memory.ipxe').first().waitFor();
    expect(await page.evaluate('document.activeElement.value')).toBe('low-memory');
  });
});

describe('the pages of releases and channels', () => {
  const version = () => served.release.manifest.version;

  it('show digests, sizes against the release before, boot tests, and how to check a download', async () => {
    const page = await open(`/releases/${version()}/`, NO_SCRIPTS);
    const iso = page.locator('section.image').filter({ hasText: 'iso x86_64 interactive' });
    const image = served.release.manifest.images.find(({ kind }) => kind === 'iso');
    expect(await iso.innerText()).toContain(image?.kind === 'iso' ? image.files.iso.sha256 : 'no ISO');
    expect(await iso.innerText()).toMatch(/10 KiB\s+\+1000 B, 11 %/);
    expect(await iso.innerText()).toMatch(/USB stick, UEFI\s+booted in 42 s/);
    expect(await page.locator('section.image').filter({ hasText: 'iso x86_64 low-memory' }).innerText()).toContain(
      'new',
    );
    expect(await page.locator('main').innerText()).toContain(
      `minisign -Vm SHA256SUMS -P ${PUBLIC_KEY} && sha256sum -c`,
    );
    await iso.getByRole('link', { name: 'Make its line' }).click();
    expect(await line(page).textContent()).toContain(`/iso@${version()}/x86_64.iso`);
  });

  it('lead from channel to history, by any of its names', async () => {
    for (const name of ['nixos-26.05', 'latest', '26.05']) {
      const page = await open(`/channels/${name}`, NO_SCRIPTS);
      const text = await page.locator('main').innerText();
      expect(text).toMatch(/^nixos-26\.05\s+stable\./);
      expect(text).toContain('@latest, @stable, @26.05, @nixos-26.05');
      await page.getByRole('link', { name: OLDER }).click();
      expect(await page.locator('h1').textContent()).toBe(OLDER);
    }
    expect((await fetch(`${served.localEdge.url}/channels/nixos-27.05`)).status).toBe(404);
    const text = await (
      await fetch(`${served.localEdge.url}/channels/latest`, { headers: { Accept: 'text/plain' } })
    ).text();
    expect(text).toContain(`/releases/${OLDER}/  2026-08-13\n`);
  });
});

describe('a page', () => {
  const version = () => served.release.manifest.version;

  it('asks for nothing but itself, and keeps its own policy', async () => {
    for (const path of [
      '/',
      `/?have=ipxe&key=${encodeURIComponent(KEY)}`,
      '/releases/',
      `/releases/${version()}/`,
      '/channels/latest',
    ]) {
      const page = await (await browser.newContext()).newPage();
      const watched = watch(page);
      await page.goto(`${served.localEdge.url}${path}`);
      expect(watched).toEqual({ asked: [`${served.localEdge.url}${path}`], complaints: [] });
    }
  });

  it('runs nothing that is not its own', async () => {
    const page = await open('/');
    const { complaints } = watch(page);
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = "foreign"' }))`,
    );
    expect(await page.title()).toBe('NixOS installer images');
    expect(complaints.join()).toContain('Content Security Policy');
  });

  it('shows what a query says as text alone', async () => {
    const page = await open(
      `/?have=ipxe&github=${encodeURIComponent('"><img src=x onerror=alert(1)>')}&channel=%3Cb%3E`,
    );
    expect(await page.locator('img, main b:not(.card b)').count()).toBe(0);
  });

  it('is under 30 KB, gzipped, with all that it needs', async () => {
    const html = await (
      await fetch(`${served.localEdge.url}/?key=${encodeURIComponent(KEY)}`, { headers: { Accept: 'text/html' } })
    ).text();
    expect(gzipSync(html, { level: 6 }).length).toBeLessThan(30_000);
  });

  it.each([
    ['in the light', {}],
    ['in the dark', { colorScheme: 'dark' }],
    ['on a phone', PHONE],
    ['on a phone in the dark', { ...PHONE, colorScheme: 'dark' }],
  ] as const)('is accessible %s, as axe sees it, and no wider than the screen', async (_, options) => {
    const { source } = (await import('axe-core')).default;
    const paths = [
      '/',
      `/?have=network&key=${encodeURIComponent(KEY)}&github=alice`,
      '/?have=stick&github=a--b&memory=x&channel=1&variant=_',
      '/releases/',
      `/releases/${version()}/`,
      '/channels/latest',
    ];
    for (const path of paths) {
      const page = await open(path, options);
      await page.evaluate(source);
      const violations = await page.evaluate(
        `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => [id, html, failureSummary])))`,
      );
      expect([path, violations]).toEqual([path, []]);
      expect([path, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([path, true]);
    }
  });
});
