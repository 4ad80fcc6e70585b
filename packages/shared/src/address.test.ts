import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type Address, DOCUMENTS, EntryName, type ImageAddress, Ref } from './address.ts';
import { formatAddress, imageAddress, shortAddress } from './address-format.ts';
import { parseAddress } from './address-parse.ts';
import { ASSET_NAMES, type Asset, parseAsset } from './asset.ts';
import { type Customisation, ExtraCmdline, GithubUser, PublicKey } from './customisation.ts';
import { Version } from './version.ts';
import { ARCHES, Variant } from './words.ts';

const ED25519 = v.parse(
  PublicKey,
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJmV1ivPFEyEdOpyGxdCV6GdECNOoJDRcMXJ5jRM8Zp alice@example.org',
);

const version = fc
  .constantFrom('26.05.20260820.e17386d', '26.05.20260820.e17386d-2')
  .map((text) => v.parse(Version, text));
const ref = fc
  .constantFrom('latest', 'stable', 'unstable', '26.05', 'nixos-26.05', '26.05.20260820.e17386d', 'typo')
  .map((text) => v.parse(Ref, text));
const arch = fc.constantFrom(...ARCHES);
const variant = fc.constantFrom('noninteractive', 'interactive', 'low-memory').map((text) => v.parse(Variant, text));
const view = fc.constantFrom('itself', 'sha256', 'minisig', 'json');
const customisation: fc.Arbitrary<Customisation> = fc
  .record({
    github: fc.subarray(['alice', 'bob-2'].map((name) => v.parse(GithubUser, name))),
    keys: fc.subarray([ED25519]),
    cmdline: fc.option(fc.constant(v.parse(ExtraCmdline, 'console=ttyS1,115200 quiet')), { nil: undefined }),
  })
  .filter(({ github, keys, cmdline }) => github.length + keys.length > 0 || cmdline !== undefined);
const kindAndPart: fc.Arbitrary<Pick<ImageAddress, 'kind' | 'part'>> = fc.constantFrom<
  Pick<ImageAddress, 'kind' | 'part'>[]
>(
  { kind: 'kexec', part: 'tarball' },
  { kind: 'iso', part: 'iso' },
  { kind: 'netboot', part: 'script' },
  { kind: 'netboot', part: 'kernel' },
  { kind: 'netboot', part: 'initrd' },
  { kind: 'netboot', part: 'cmdline' },
  { kind: 'netboot', part: 'customisation' },
);
const assets: Asset[] = ASSET_NAMES.flatMap((name) => parseAsset(name) ?? []);

const image: fc.Arbitrary<Address> = fc
  .record({
    kindAndPart,
    rest: fc.record({
      type: fc.constant('image'),
      customisation: fc.option(customisation, { nil: undefined }),
      ref: fc.option(ref, { nil: undefined }),
      arch,
      variant: fc.option(variant, { nil: undefined }),
      view,
    }),
  })
  .map(({ kindAndPart, rest }) => ({ ...kindAndPart, ...rest }))
  // Without a customisation there is nothing that a script would load for it.
  .filter(({ part, customisation }) => part !== 'customisation' || customisation !== undefined);
const address: fc.Arbitrary<Address> = fc.oneof(
  { weight: 5, arbitrary: image },
  fc.record({ type: fc.constant('document'), path: fc.constantFrom(...DOCUMENTS) }),
  fc.constant<Address>({ type: 'releases' }),
  fc.record({ type: fc.constantFrom('release', 'release-description'), version }),
  fc.record({
    type: fc.constant('entry'),
    version,
    name: fc.constantFrom('SHA256SUMS', 'nixos-iso-1-x86_64-a.iso').map((name) => v.parse(EntryName, name)),
  }),
  fc.record({
    type: fc.constant('asset'),
    ref: fc.option(ref, { nil: undefined }),
    asset: fc.constantFrom(...assets),
  }),
);

/** Words of addresses in any order, some of which happen to make one. */
const WORDS = [
  '/',
  '/kexec',
  '/iso',
  '/netboot',
  '@',
  'latest',
  '/AMD64',
  '/arm64',
  '/low-memory',
  '/kernel',
  '.tar.gz',
  '.json',
  '%',
];
const nearlyAddress = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 6 })
  .map((words) => words.join(''));

/** The same path with some of its characters percent-encoded. */
const encoded = (path: string): fc.Arbitrary<string> =>
  fc.array(fc.boolean(), { minLength: path.length, maxLength: path.length }).map((choices) =>
    [...path]
      .map((character, index) => {
        const hex = character.charCodeAt(0).toString(16);
        return choices[index] === true && character !== '/'
          ? `%${index % 2 === 0 ? hex : hex.toUpperCase()}`
          : character;
      })
      .join(''),
  );

describe('addresses', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(address, (address) => {
        expect(parseAddress(formatAddress(address))).toEqual({ ok: true, address });
      }),
    );
  });

  it('mean the same however they are percent-encoded', () => {
    fc.assert(
      fc.property(
        address.chain((address) => encoded(formatAddress(address)).map((path) => ({ address, path }))),
        ({ address, path }) => {
          expect(parseAddress(path)).toEqual({ ok: true, address });
        },
      ),
    );
  });

  it('mean the same with a slash at the end', () => {
    fc.assert(
      fc.property(address, (address) => {
        const path = formatAddress(address);
        expect(parseAddress(path.endsWith('/') ? path.slice(0, -1) || '/' : `${path}/`)).toEqual({ ok: true, address });
      }),
    );
  });

  it('have one canonical form, whatever text they are read from', () => {
    fc.assert(
      fc.property(nearlyAddress, (path) => {
        const parsed = parseAddress(path);
        if (parsed.ok) expect(parseAddress(formatAddress(parsed.address))).toEqual(parsed);
      }),
    );
  });

  it.each([
    ['/kexec/x86_64', '/kexec/x86_64.tar.gz'],
    ['/kexec/AMD64', '/kexec/x86_64.tar.gz'],
    ['/kexec/x86_64-linux.tar.gz', '/kexec/x86_64.tar.gz'],
    ['/kexec@unstable/arm64/interactive.sha256', '/kexec@unstable/aarch64/interactive.tar.gz.sha256'],
    ['/iso/aarch64.json', '/iso/aarch64.iso.json'],
    ['/netboot/x64', '/netboot/x86_64.ipxe'],
    ['/netboot/x64/kernel', '/netboot/x86_64/kernel'],
    ['/netboot/x64/low-memory/initrd.sha256', '/netboot/x86_64/low-memory/initrd.sha256'],
    ['/kexec/x86_64/', '/kexec/x86_64.tar.gz'],
    ['/kexec/x86_64/interactive.json/', '/kexec/x86_64/interactive.tar.gz.json'],
    ['/boot.ipxe/', '/boot.ipxe'],
    ['/%62oot%2Eipxe', '/boot.ipxe'],
    ['/feed%2Eatom', '/feed.atom'],
    ['/%72eleases/', '/releases/'],
    ['/v1/releases/26.05.20260820.e17386d.json/', '/v1/releases/26.05.20260820.e17386d.json'],
    ['/releases', '/releases/'],
    ['/releases/26.05.20260820.e17386d', '/releases/26.05.20260820.e17386d/'],
    ['/releases/26.05.20260820.e17386d/SHA256SUMS/', '/releases/26.05.20260820.e17386d/SHA256SUMS'],
    [
      '/nix-community/nixos-images/releases/download/nixos-26.05/nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz',
      '/releases/download/nixos-26.05/nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz',
    ],
    ['/releases/latest/download/bzImage-x86_64-linux', '/releases/latest/download/bzImage-x86_64-linux'],
  ])('reads %s as %s', (path, canonical) => {
    const parsed = parseAddress(path);
    expect(parsed.ok && formatAddress(parsed.address)).toBe(canonical);
  });

  it.each([
    ['/kexex/x86_64', 'kind'],
    ['/kexec', 'arch'],
    ['/kexec/', 'arch'],
    ['//kexec/x86_64', 'kind'],
    ['/kexec//x86_64', 'arch'],
    ['/kexec/x86_64//', 'variant'],
    ['/boot.ipxe/kernel', 'kind'],
    ['/v1/releases/26.05.20260820.e17386d', 'version'],
    ['/v1/releases/latest.json', 'version'],
    ['/v1/channels.json', 'kind'],
    ['/kexec/riscv64', 'arch'],
    ['/kexec@/x86_64', 'ref'],
    ['/kexec@LATEST/x86_64', 'ref'],
    ['/kexec@a@b/x86_64', 'ref'],
    ['/kexec/x86_64/Bad', 'variant'],
    ['/kexec/x86_64.iso', 'suffix'],
    ['/kexec/x86_64.tar.gz.json.sha256', 'suffix'],
    ['/kexec/x86_64.', 'suffix'],
    ['/kexec/x86_64/interactive/more', 'suffix'],
    ['/netboot/kernel', 'arch'],
    ['/netboot/x86_64/kernel.ipxe', 'suffix'],
    ['/netboot/x86_64/customisation', 'suffix'],
    ['/iso/x86_64/kernel', 'variant'],
    ['/kexec/%zz', 'unreadable'],
    ['/kexec/x86_64%00', 'unreadable'],
    ['/kexec%2fx86_64', 'unreadable'],
    ['/kexec/x86_64%0a', 'unreadable'],
    ['/kexec/%ff', 'unreadable'],
    ['/releases/latest', 'version'],
    ['/releases/download/nixos-26.05/other.tar.gz', 'asset'],
    ['/releases/26.05.20260820.e17386d/a/b', 'asset'],
    ['/with/nothing/kexec/x86_64', 'customisation'],
    ['/nix-community/nixos-images/releases/', 'kind'],
  ])('finds fault with the %2$s of %1$s', (path, reason) => {
    expect(parseAddress(path)).toMatchObject({ ok: false, problem: { reason } });
  });
});

describe('the address of an image', () => {
  const lowMemory = { kind: 'netboot', arch: 'aarch64', variant: v.parse(Variant, 'low-memory') } as const;
  const usual = { kind: 'kexec', arch: 'x86_64', variant: v.parse(Variant, 'noninteractive') } as const;

  it('names the default variant where it is to last, and not where it is to be short', () => {
    expect(shortAddress(usual)).toBe('/kexec/x86_64.tar.gz');
    expect(shortAddress(lowMemory)).toBe('/netboot/aarch64/low-memory.ipxe');
    expect(imageAddress(usual, { ref: v.parse(Version, '26.05.20260820.e17386d') })).toBe(
      '/kexec@26.05.20260820.e17386d/x86_64/noninteractive.tar.gz',
    );
  });

  it('names a part, a view and a customisation where they are asked for', () => {
    const customisation = { github: [v.parse(GithubUser, 'alice')], keys: [], cmdline: undefined };
    expect(imageAddress(lowMemory, { ref: undefined, part: 'kernel', view: 'sha256' })).toBe(
      '/netboot/aarch64/low-memory/kernel.sha256',
    );
    expect(imageAddress(lowMemory, { ref: undefined, customisation })).toBe(
      '/with/github:alice/netboot/aarch64/low-memory.ipxe',
    );
  });
});

describe('customisations', () => {
  const encode = (text: string) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  it.each([
    ['a key with options', `key:${encode(`command="x" ${ED25519}`)}`],
    ['a key of an unknown type', `key:${encode('ssh-dss AAAAB3NzaC1kc3M= a')}`],
    ['a key whose type is not what it says', `key:${encode(ED25519.replace('ssh-ed25519', 'ssh-rsa'))}`],
    ['two lines', `key:${encode(`${ED25519}\n${ED25519}`)}`],
    ['no base64url', 'key:a b'],
    ['an iPXE expansion', `cmdline:${encode('console=$' + '{x}')}`],
    ["iPXE's or", `cmdline:${encode('a || reboot')}`],
    ['a quote', `cmdline:${encode('a="b')}`],
    ['two command lines', `cmdline:${encode('a')},cmdline:${encode('b')}`],
    ['an account with a path', 'github:a/../b'],
    ['nothing', ''],
    ['an empty item', 'github:alice,'],
    ['an unknown item', 'gitlab:alice'],
    ['too many accounts', Array(9).fill('github:alice').join(',')],
  ])('are refused when they hold %s', (_, text) => {
    expect(parseAddress(`/with/${encodeURIComponent(text)}/kexec/x86_64`)).toMatchObject({
      ok: false,
      problem: { reason: text.includes('/') ? 'unreadable' : 'customisation' },
    });
  });
});
