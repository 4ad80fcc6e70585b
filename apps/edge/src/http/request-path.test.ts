import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathOf } from './request-path.ts';

const ORIGINS = ['http://edge.test', 'https://edge.test:8443', 'http://[::1]:8787', 'http://127.0.0.1'];

const segment = fc.oneof(
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
const path = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`);

describe('the path of an address', () => {
  it('is the one that the platform reads', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ORIGINS),
        path,
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
  ])('of %s is found in front of a query', (path) => {
    expect(pathOf(`http://edge.test${path}?from=/elsewhere`)).toBe(path);
    expect(pathOf(`http://edge.test${path}`)).toBe(path);
  });
});
