import { filesOf } from '@nixos-images/shared';
import type { SampleRelease } from '@nixos-images/shared/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { publishSample, startEdge } from './testing/sample-edge.ts';

const VERSION = '26.05.20260820.e17386d';
const ORIGIN = 'https://images.example.org';

let release: SampleRelease;

beforeEach(async () => {
  release = await publishSample({ version: VERSION, variants: ['lean'] });
});

/** Asks an edge whose operator said what its origin is, or did not; under a host name that anybody may make up. */
function ask(path: string, settings: { readonly PUBLIC_ORIGIN?: string } = { PUBLIC_ORIGIN: ORIGIN }) {
  return startEdge({ origin: 'http://made.up.test' })(path, undefined, settings);
}

function storeOf(kind: 'kexec' | 'netboot'): string {
  const files = release.manifest.images.filter((image) => image.kind === kind).flatMap(filesOf);
  const found = files.find(({ role, file }) => role === 'store' && file.name.includes('x86_64'));
  return `/releases/${VERSION}/${found?.file.name}`;
}

describe('a lean image', () => {
  it.each(['kexec', 'netboot'] as const)('gives its store as a part, whole and pinned: %s', async (kind) => {
    const part = await ask(`/${kind}/x86_64/lean/store`);
    const entry = await ask(storeOf(kind));
    expect([part.status, entry.status]).toEqual([200, 200]);
    expect(part.headers.get('Content-Location')).toBe(`/${kind}@${VERSION}/x86_64/lean/store`);
    expect(part.headers.get('ETag')).toBe(entry.headers.get('ETag'));
    expect(await part.bytes()).toEqual(await entry.bytes());
    const sum = await (await ask(`/${kind}/x86_64/lean/store.sha256`)).text();
    expect(sum).toBe(`${part.headers.get('ETag')?.slice(1, -1)}  store\n`);
  });

  it('is told by its script and its command line where its store is, pinned', async () => {
    const parameter = `live.nixos.store=${ORIGIN}${storeOf('netboot')}`;
    const customised = `/with/cmdline:${btoa('panic=10')}/netboot/x86_64/lean`;
    for (const path of ['/netboot/x86_64/lean.ipxe', '/netboot/x86_64/lean/cmdline', `${customised}.ipxe`]) {
      const words = (await (await ask(path)).text()).split(/\s/);
      expect(words.filter((word) => word.startsWith('live.nixos.store='))).toEqual([parameter]);
    }
  });

  it('is never told to believe the Host of a request', async () => {
    const script = await (await ask('/netboot/x86_64/lean.ipxe', {})).text();
    expect(script).not.toContain('live.nixos.store=http');
    expect(script).toContain('set cmdline to live.nixos.store=ADDRESS');
    expect(script).not.toContain('made.up');
  });

  it("has its store fetched by the shell script from where the script's tarball is", async () => {
    const script = await (await ask('/kexec/lean.sh')).text();
    expect(script).toContain(`set -- --store-url ${ORIGIN}${storeOf('kexec')} "$@"`);
  });
});

describe('a complete image', () => {
  it.each(['kexec', 'netboot'])('says that it has no store: %s', async (kind) => {
    const response = await ask(`/${kind}/x86_64/store`);
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('it is complete')]);
    const script = await (await ask(kind === 'kexec' ? '/kexec.sh' : '/netboot/x86_64.ipxe')).text();
    expect(script).not.toMatch(/store/);
  });
});
