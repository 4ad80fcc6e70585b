import { type BootTest, Catalog, channelsOf, type Manifest, Variant } from '@nixos-images/shared';
import { bootRelease } from 'nixos-images/boot';
import * as v from 'valibot';
import { beforeAll, expect, inject, test } from 'vitest';
import { LOGS } from './boot-test.ts';
import { provideIpxeForAarch64 } from './ipxe-for-aarch64.ts';
import { noteResult } from './results.ts';

beforeAll(provideIpxeForAarch64);

async function publishedManifest(wanted?: string): Promise<Manifest> {
  const response = await fetch(`${inject('stackUrl')}/v1/catalog.json`);
  const catalog = v.parse(Catalog, await response.json());
  const channel = channelsOf(catalog).find((name) => wanted === undefined || name === wanted);
  const current = channel && catalog.channels[channel]?.current;
  if (current === undefined) throw new Error('the local stack serves no release');
  return current;
}

async function gate(name: string, manifest: Manifest, signal: AbortSignal) {
  const told: BootTest[] = [];
  const result = await bootRelease({
    manifest,
    edge: new URL(inject('stackUrl')),
    folder: `${LOGS}${name}`,
    signal,
    onResult: (test) => told.push(test),
    onStep: (text) => process.stdout.write(`         ${name}: ${text}\n`),
  });
  expect(told).toHaveLength(result.tests.length);
  return result;
}

async function noteResults(tests: readonly BootTest[]): Promise<void> {
  for (const { kind, arch, variant, path, ...test } of tests) {
    const seconds = test.outcome === 'booted' ? test.seconds : 0;
    const promise = `the boot gate logs in to ${kind} ${variant}`;
    await noteResult({ name: `gate-${arch}-${path}`, promise, outcome: test.outcome, seconds });
  }
}

// ISO and kexec go the same way; here the gate is held to its answers, and the other tests hold the images of x86_64.
test('the boot gate logs in to what it netboots, and says with what it did', async ({ signal }) => {
  const manifest = await publishedManifest();
  const images = manifest.images.filter(
    ({ kind, arch, variant }) => kind === 'netboot' && arch === 'x86_64' && variant !== 'lean',
  );
  const { tests, tools } = await gate('gate-x86_64', { ...manifest, images }, signal);
  await noteResults(tests);
  expect(tests).toMatchObject([
    { kind: 'netboot', arch: 'x86_64', path: 'netboot-bios', outcome: 'booted' },
    { kind: 'netboot', arch: 'x86_64', path: 'netboot-uefi', outcome: 'booted' },
    { kind: 'netboot', arch: 'x86_64', path: 'netboot-uefi-http', outcome: 'booted' },
  ]);
  expect(tools).toMatchObject({ qemu: expect.stringMatching(/^\d/), ipxe: expect.stringMatching(/^\d/) });
});

test('the boot gate boots lean images, which fetch their system from the edge that it uses', async ({ signal }) => {
  const manifest = await publishedManifest('nixos-26.05');
  const images = manifest.images.filter(({ variant }) => variant === 'lean');
  const { tests } = await gate('gate-lean', { ...manifest, images }, signal);
  await noteResults(tests);
  expect(tests).toMatchObject([
    { kind: 'kexec', path: 'kexec', outcome: 'booted' },
    { kind: 'netboot', path: 'netboot-bios', outcome: 'booted' },
    { kind: 'netboot', path: 'netboot-uefi', outcome: 'booted' },
  ]);
});

test('the boot gate tries aarch64 in every way there is', async ({ signal }) => {
  const manifest = await publishedManifest();
  const images = manifest.images.filter(({ arch }) => arch === 'aarch64');
  const { tests } = await gate('gate-aarch64', { ...manifest, images }, signal);
  await noteResults(tests);
  expect(tests.map(({ path, outcome }) => [path, outcome]).toSorted()).toEqual([
    // The ISO, and the one of iPXE.
    ['iso-uefi-cd', 'booted'],
    ['iso-uefi-cd', 'booted'],
    ['iso-uefi-usb', 'booted'],
    ['iso-uefi-usb', 'booted'],
    ['kexec', 'booted'],
    ['netboot-uefi', 'booted'],
    ['netboot-uefi-http', 'booted'],
  ]);
});

test('an image that the edge does not have fails the boot gate, and is no error', async ({ signal }) => {
  const manifest = await publishedManifest();
  const images = manifest.images
    .filter(({ kind, arch, variant }) => kind === 'kexec' && arch === 'x86_64' && variant !== 'lean')
    .map((image) => ({ ...image, variant: v.parse(Variant, 'no-such-variant') }));
  const { tests } = await gate('gate-missing', { ...manifest, images }, signal);
  expect(tests).toMatchObject([{ path: 'kexec', outcome: 'failed', reason: expect.stringContaining('404') }]);
});
