import { SAMPLE_ADDRESSES } from '@nixos-images/shared/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Ask, publishSample, startEdge } from '../testing/sample-edge.ts';

const VERSION = '26.05.20260820.e17386d';
const WITH = `/with/key:${btoa('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJmV1ivPFEyEdOpyGxdCV6GdECNOoJDRcMXJ5jRM8Zp').replaceAll('=', '')}`;
const PUBLIC = { PUBLIC_ORIGIN: 'https://images.example.org' };
let edge: Ask;

beforeEach(async () => {
  await publishSample();
  edge = startEdge({ origin: 'http://asked.example' });
});

const ask = (path: string, settings: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  edge(path, { headers }, settings);

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const textAt = (bytes: Uint8Array, offset: number) =>
  new TextDecoder().decode(bytes.subarray(offset, offset + SAMPLE_ADDRESSES.length));

describe('iPXE with a customisation', () => {
  it('goes on at the menu with it, and is the plain one but for that', async () => {
    const plain = await bytesOf(await ask('/ipxe/x86_64.iso'));
    const bytes = await bytesOf(await ask(`${WITH}/ipxe/x86_64.iso`, PUBLIC));
    expect(bytes).toHaveLength(plain.length);
    for (const offset of SAMPLE_ADDRESSES.offsets) {
      expect(textAt(bytes, offset)).toBe(
        `http://images.example.org${WITH}/boot.ipxe`.padEnd(SAMPLE_ADDRESSES.length, ' '),
      );
      bytes.set(plain.subarray(offset, offset + SAMPLE_ADDRESSES.length), offset);
    }
    expect(bytes).toEqual(plain);
  });

  it('is the same to whoever goes on with a download that broke off', async () => {
    const whole = await bytesOf(await ask(`${WITH}/ipxe/x86_64.iso`, PUBLIC));
    for (const [from, to] of [
      [0, 1030],
      [1020, 1600],
      [2559, 3072],
      [3071, 4095],
    ] as const) {
      const part = await ask(`${WITH}/ipxe/x86_64.iso`, PUBLIC, { Range: `bytes=${from}-${to}` });
      expect(await bytesOf(part)).toEqual(whole.subarray(from, to + 1));
    }
  });

  it('goes on at the server that it was built for where this one does not know its address, and never at the Host asked for', async () => {
    const bytes = await bytesOf(await ask(`${WITH}/ipxe/x86_64.iso`));
    expect(textAt(bytes, SAMPLE_ADDRESSES.offsets[0]).trimEnd()).toBe(`http://built.example${WITH}/boot.ipxe`);
    expect(new TextDecoder('latin1').decode(bytes)).not.toContain('asked.example');
  });

  it('goes on where such menus are answered, if that is a host of its own', async () => {
    const settings = { ...PUBLIC, CUSTOMISATION: 'asked.example' };
    const bytes = await bytesOf(await ask(`${WITH}/ipxe/x86_64.iso`, settings));
    expect(textAt(bytes, SAMPLE_ADDRESSES.offsets[0]).trimEnd()).toBe(`http://asked.example${WITH}/boot.ipxe`);
  });

  it('is not given in a form that has no room for an address, but told of the one that has', async () => {
    for (const form of ['efi', 'lkrn']) {
      const response = await ask(`${WITH}/ipxe/x86_64.${form}`, PUBLIC);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain(`${WITH}/ipxe@${VERSION}/x86_64/menu.iso\n`);
    }
  });

  it('tells how to check the rest of it against the signed digest', async () => {
    const { customisation } = await (await ask(`${WITH}/ipxe/x86_64.iso.json`, PUBLIC)).json<{
      customisation: { check: string };
    }>();
    expect(customisation.check).toBe(
      "{ tail -c +1 FILE | head -c 1024; printf '%-512s' 'http://built.example/boot.ipxe'; tail -c +1537 FILE | head -c 1024; printf '%-512s' 'http://built.example/boot.ipxe'; tail -c +3073 FILE; } | sha256sum",
    );
  });
});

describe('an iPXE without a script', () => {
  it.each([
    ['/ipxe/autoexec.ipxe', '/boot.ipxe'],
    [`/ipxe@${VERSION}/aarch64/autoexec.ipxe`, '/boot.ipxe'],
    [`${WITH}/ipxe/autoexec.ipxe`, `${WITH}/boot.ipxe`],
  ])('finds one beside itself (%s)', async (address, menu) => {
    const chainOf = async (settings: Record<string, string>) =>
      /^ifconf \|\| goto failed\nchain (\S+) /m.exec(await (await ask(address, settings)).text())?.[1];
    expect(await chainOf({})).toBe(`http://asked.example${menu}`);
    expect(await chainOf(PUBLIC)).toBe(`http://images.example.org${menu}`);
  });
});

describe('a form of iPXE that a release has not', () => {
  it('is answered with those that it has', async () => {
    const response = await ask('/ipxe/aarch64.iso');
    expect([response.status, await response.text()]).toEqual([
      404,
      expect.stringContaining(`/ipxe@${VERSION}/aarch64/menu.efi`),
    ]);
  });
});
