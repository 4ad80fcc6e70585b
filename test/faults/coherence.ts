import { createHash } from 'node:crypto';
import { filesOf, Manifest, parseJson, Version } from '@nixos-images/shared';
import * as v from 'valibot';
import { expect } from 'vitest';

/** A version, wherever it stands in an address. */
const VERSION = /\d\d\.\d\d\.\d{8}\.[0-9a-f]{7,}(-\d+)?/;

const FLOATING = ['/kexec/x86_64', '/kexec@26.05/x86_64/noninteractive.tar.gz', '/netboot/x86_64/kernel'];

/** Too big to be read each time: its headers say what it is, and `expectWhole` reads it in the end. */
const BIG = '/netboot@latest/x86_64/interactive/initrd';

async function hashOf(url: URL): Promise<{ status: number; sha256: string; version: string | undefined }> {
  const response = await fetch(url, { redirect: 'manual' });
  const hash = createHash('sha256');
  for await (const chunk of response.body ?? []) hash.update(chunk);
  const version = VERSION.exec(response.headers.get('content-location') ?? '')?.[0];
  return { status: response.status, sha256: hash.digest('hex'), version };
}

/** What an edge says of a file without sending it. */
async function digestOf(url: URL): Promise<{ status: number; sha256: string }> {
  const response = await fetch(url, { method: 'HEAD' });
  const digest = /^sha-256=:(.*):$/.exec(response.headers.get('repr-digest') ?? '')?.[1] ?? '';
  return { status: response.status, sha256: Buffer.from(digest, 'base64').toString('hex') };
}

/**
 * Asks an edge as its users do, and expects one coherent answer: every floating address is of one and the same release,
 * its bytes are what its checksum says, its netboot script names that release; and every release that can be reached is whole.
 * @param allowed the versions that the channel may be at; undefined among them: it may have no release yet.
 * @returns the version that it is at.
 */
export async function expectCoherent(
  edge: string,
  allowed: readonly (Version | undefined)[],
): Promise<Version | undefined> {
  const versions = new Set<string | undefined>();
  for (const path of FLOATING) {
    const { status, sha256, version } = await hashOf(new URL(path, edge));
    versions.add(version);
    if (status !== 200) {
      expect([404, 503], `${path} answers ${status}`).toContain(status);
      expect(allowed, `${path} answers ${status}`).toContain(undefined);
      continue;
    }
    const line = await text(edge, `/releases/${version}/SHA256SUMS`);
    expect(line, `${path} is a file of ${version}`).toContain(sha256);
    const checksum = await text(edge, `${path}.sha256`);
    expect(checksum.slice(0, 64), `${path}.sha256 fits ${path}`).toBe(sha256);
  }
  const big = await fetch(new URL(BIG, edge), { method: 'HEAD' });
  versions.add(VERSION.exec(big.headers.get('content-location') ?? '')?.[0]);
  expect([...versions], 'all floating addresses are of one release').toHaveLength(1);
  const [version] = versions;
  expect(allowed).toContain(version);
  if (version !== undefined) expect(await text(edge, '/netboot/x86_64.ipxe')).toContain(version);
  return version === undefined ? undefined : v.parse(Version, version);
}

/**
 * Expects of each release that can be reached that it is whole.
 * @param how `read` hashes what the edge sends; `look` believes its headers.
 */
export async function expectWhole(edge: string, versions: readonly Version[], how: 'look' | 'read'): Promise<void> {
  for (const version of versions) {
    const response = await fetch(new URL(`/releases/${version}/manifest.json`, edge));
    if (response.status !== 200) {
      expect([404, 503], `${version} answers ${response.status}`).toContain(response.status);
      continue;
    }
    const manifest = parseJson(Manifest, await response.text(), version);
    for (const { file } of manifest.images.flatMap(filesOf)) {
      const url = new URL(`/releases/${version}/${file.name}`, edge);
      const { status, sha256 } = how === 'read' ? await hashOf(url) : await digestOf(url);
      expect({ file: file.name, status, sha256 }).toEqual({ file: file.name, status: 200, sha256: file.sha256 });
    }
  }
}

async function text(edge: string, path: string): Promise<string> {
  const response = await fetch(new URL(path, edge));
  expect(response.status, path).toBe(200);
  return response.text();
}
