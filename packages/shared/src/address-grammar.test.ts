import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type ImageAddress, Ref } from './address.ts';

import {
  decodePath,
  formatAddress,
  imageAddress,
  isScriptAddress,
  parseCustomisedAddress,
  parseImageAddress,
  pathOf,
  shortAddress,
} from './address-grammar.ts';
import {
  account,
  type Customisation,
  ExtraCmdline,
  FORGES,
  HostName,
  NO_CUSTOMISATION,
  PasswordHash,
  PublicKey,
} from './customisation.ts';
import { Version } from './version.ts';
import { ARCHES, Variant } from './words.ts';

const ED25519 = v.parse(
  PublicKey,
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJmV1ivPFEyEdOpyGxdCV6GdECNOoJDRcMXJ5jRM8Zp alice@example.org',
);

const ref = fc
  .constantFrom('latest', 'stable', 'unstable', '26.05', 'nixos-26.05', '26.05.20260820.e17386d', 'typo')
  .map((text) => v.parse(Ref, text));
const arch = fc.constantFrom(...ARCHES);
const variant = fc.constantFrom('noninteractive', 'interactive', 'low-memory').map((text) => v.parse(Variant, text));
const view = fc.constantFrom('itself', 'sha256', 'minisig', 'json');
const customisation: fc.Arbitrary<Customisation> = fc
  .record({
    accounts: fc
      .subarray(FORGES.flatMap((forge) => ['alice', 'bob-2'].map((name) => account(forge, name))))
      .filter(({ length }) => length <= 8),
    keys: fc.subarray([ED25519]),
    cmdline: fc.option(fc.constant(v.parse(ExtraCmdline, 'console=ttyS1,115200 quiet')), { nil: undefined }),
    hostname: fc.option(fc.constant(v.parse(HostName, 'web-1')), { nil: undefined }),
    passwordHash: fc.option(fc.constant(v.parse(PasswordHash, `$y$j9T$${'./'.repeat(11)}$${'a'.repeat(43)}`)), {
      nil: undefined,
    }),
  })
  .filter((customisation) =>
    Object.values(customisation)
      .flat()
      .some((value) => value !== undefined),
  );
const kindAndPart: fc.Arbitrary<Pick<ImageAddress, 'kind' | 'part'>> = fc.constantFrom<
  Pick<ImageAddress, 'kind' | 'part'>[]
>(
  { kind: 'kexec', part: 'tarball' },
  { kind: 'kexec', part: 'store' },
  { kind: 'iso', part: 'iso' },
  { kind: 'netboot', part: 'script' },
  { kind: 'netboot', part: 'kernel' },
  { kind: 'netboot', part: 'initrd' },
  { kind: 'netboot', part: 'store' },
  { kind: 'netboot', part: 'head' },
  { kind: 'netboot', part: 'efi' },
  { kind: 'netboot', part: 'cmdline' },
  { kind: 'netboot', part: 'customisation' },
);
const address: fc.Arbitrary<ImageAddress> = fc
  .record({
    kindAndPart,
    rest: fc.record({
      type: fc.constant('image' as const),
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
  '/store',
  '.tar.gz',
  '.efi',
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

/** An address out of a path as a request has it. */
function parse(path: string) {
  const decoded = decodePath(path);
  if (decoded === undefined) return 'unreadable';
  return decoded.startsWith('/with/') ? parseCustomisedAddress(decoded) : parseImageAddress(decoded);
}

describe('addresses of images', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(address, (address) => {
        expect(parse(formatAddress(address))).toEqual({ ok: true, address });
      }),
    );
  });

  it('mean the same however they are percent-encoded', () => {
    fc.assert(
      fc.property(
        address.chain((address) => encoded(formatAddress(address)).map((path) => ({ address, path }))),
        ({ address, path }) => {
          expect(parse(path)).toEqual({ ok: true, address });
        },
      ),
    );
  });

  it('mean the same with a slash at the end', () => {
    fc.assert(
      fc.property(address, (address) => {
        expect(parse(`${formatAddress(address)}/`)).toEqual({ ok: true, address });
      }),
    );
  });

  it('have one canonical form, whatever text they are read from', () => {
    fc.assert(
      fc.property(nearlyAddress, (path) => {
        const parsed = parse(path);
        if (parsed !== 'unreadable' && parsed.ok) expect(parse(formatAddress(parsed.address))).toEqual(parsed);
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
    ['/netboot@26.05/x64.efi', '/netboot@26.05/x86_64.efi'],
    ['/netboot/x64/low-memory.efi.json', '/netboot/x86_64/low-memory.efi.json'],
    ['/netboot/x64/head', '/netboot/x86_64/head'],
    ['/kexec/x86_64/', '/kexec/x86_64.tar.gz'],
    ['/kexec/x86_64/interactive.json/', '/kexec/x86_64/interactive.tar.gz.json'],
  ])('reads %s as %s', (path, canonical) => {
    const parsed = parse(path);
    expect(parsed !== 'unreadable' && parsed.ok && formatAddress(parsed.address)).toBe(canonical);
  });

  it.each([
    ['/kexex/x86_64', 'kind'],
    ['/kexec', 'arch'],
    ['/kexec/', 'arch'],
    ['//kexec/x86_64', 'kind'],
    ['/kexec//x86_64', 'arch'],
    ['/kexec/x86_64//', 'variant'],
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
    ['/netboot/x86_64.efi.efi', 'suffix'],
    ['/netboot/x86_64.effi', 'suffix'],
    ['/iso/x86_64.efi', 'suffix'],
    ['/iso/x86_64/kernel', 'variant'],
    ['/with/nothing/kexec/x86_64', 'customisation'],
  ])('finds fault with the %2$s of %1$s', (path, reason) => {
    expect(parse(path)).toMatchObject({ ok: false, problem: { reason } });
  });
});

const ORIGINS = ['http://edge.test', 'https://edge.test:8443', 'http://[::1]:8787', 'http://127.0.0.1'];

const oddSegment = fc.oneof(
  fc.constantFrom(
    'kexec',
    'netboot@26.05',
    'x86_64.tar.gz.sha256',
    '.',
    '..',
    '%2e%2e',
    '',
    'a.b',
    '%00',
    'é',
    '\\',
    ':',
    'a b',
  ),
  fc.string({ maxLength: 8 }),
);
const oddPath = fc.array(oddSegment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`);

describe('the path of a request', () => {
  it('is the one that the platform reads', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ORIGINS),
        oddPath,
        fc.constantFrom('', '?', '?a=/b', '#c', '?x#y'),
        (origin, path, rest) => {
          const url = `${origin}${path}${rest}`;
          expect(pathOf(url)).toBe(new URL(url).pathname);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    '/kexec/x86_64.tar.gz',
    '/boot.ipxe',
    '/',
    '/releases/26.05.20260820.e17386d/',
    '/with/key:AAAA-_,cmdline:x/iso/x86_64',
  ])('such as %s is found in front of a query', (path) => {
    expect(pathOf(`http://edge.test${path}?from=/elsewhere`)).toBe(path);
    expect(pathOf(`http://edge.test${path}`)).toBe(path);
  });

  it('has its escapes decoded, once', () => {
    expect(decodePath('/%62oot%2Eipxe')).toBe('/boot.ipxe');
    expect(decodePath('/%2562oot.ipxe')).toBe('/%62oot.ipxe');
  });

  it.each(['/kexec/%zz', '/kexec/x86_64%00', '/kexec%2fx86_64', '/kexec/x86_64%0a', '/kexec/%ff', '/kexec%5cx86_64'])(
    'such as %s cannot be read',
    (path) => {
      expect(decodePath(path)).toBeUndefined();
    },
  );

  it('means the same with a slash at the end, and is / without any other', () => {
    expect(decodePath('/releases/')).toBe('/releases');
    expect(decodePath('/')).toBe('/');
    expect(decodePath('/kexec//')).toBe('/kexec/');
  });
});

describe('the address of a script', () => {
  it.each([
    '/boot.ipxe',
    '/netboot/x86_64',
    '/netboot@26.05/riscv64',
    '/netboot',
    '/with/x/netboot/x64/low-memory.ipxe',
  ])('is %s, though there may be nothing', (path) => {
    expect(isScriptAddress(path)).toBe(true);
  });

  it.each([
    '/',
    '/nothing',
    '/kexec/x86_64',
    '/iso/x86_64.iso',
    '/netboot/x86_64/kernel',
    '/netboot/riscv64/initrd',
    '/netboot/x86_64/cmdline',
    '/netboot/x86_64.ipxe.sha256',
    '/netboot/x86_64.efi',
    '/netboot/x86_64/head',
    '/with/x/netboot/x86_64/customisation',
    '/releases/latest/download/bzImage-x86_64-linux',
  ])('is not %s', (path) => {
    expect(isScriptAddress(path)).toBe(false);
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
    const customisation = { ...NO_CUSTOMISATION, accounts: [account('github', 'alice')] };
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
    ['an unknown item', 'hg:alice'],
    ['too many accounts', Array(9).fill('github:alice').join(',')],
    [
      'more than fits into an address',
      Array(60)
        .fill(`key:${encode(ED25519)}`)
        .join(','),
    ],
  ])('are refused when they hold %s', (_, text) => {
    const parsed = parse(`/with/${encodeURIComponent(text)}/kexec/x86_64`);
    if (text.includes('/')) expect(parsed).toBe('unreadable');
    else expect(parsed).toMatchObject({ ok: false, problem: { reason: 'customisation' } });
  });
});
