import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  blobKey,
  CATALOG_KEY,
  PUBLIC_KEY_KEY,
  parseBlobKey,
  parseReleaseKey,
  RELEASE_OBJECTS,
  releaseKey,
  signatureKey,
} from './bucket-keys.ts';
import { FileName } from './manifest.ts';
import { Version } from './version.ts';
import { Sha256 } from './words.ts';

const version = v.parse(Version, '26.05.20260820.e17386d-2');
const HEX = '0123456789abcdef';
const sha256 = fc
  .array(fc.constantFrom(...HEX), { minLength: 64, maxLength: 64 })
  .map((digits) => v.parse(Sha256, digits.join('')));

describe('keys of blobs', () => {
  it('are read back as the blobs that they were made for', () => {
    fc.assert(
      fc.property(sha256, (sha256) => {
        expect(parseBlobKey(blobKey(sha256))).toBe(sha256);
      }),
    );
  });

  it.each([
    CATALOG_KEY,
    'blobs/sha256/',
    `blobs/sha256/${HEX}`,
    `blobs/sha256/${HEX.repeat(4)}/`,
    `blobs/sha256/${HEX.repeat(4).toUpperCase()}`,
    `blobs/sha512/${HEX.repeat(4)}`,
    `x/blobs/sha256/${HEX.repeat(4)}`,
    releaseKey(version, 'manifest.json'),
  ])('are not %s', (key) => {
    expect(parseBlobKey(key)).toBeUndefined();
  });
});

describe('keys of releases', () => {
  it.each(RELEASE_OBJECTS)('are read back as the release and its %s', (name) => {
    expect(parseReleaseKey(releaseKey(version, name))).toEqual({ version, name });
  });

  it('may be of signatures, and of objects that later versions add', () => {
    const key = signatureKey(version, v.parse(FileName, 'nixos-iso.iso'));
    expect(parseReleaseKey(key)).toEqual({ version, name: 'nixos-iso.iso.minisig' });
    expect(parseReleaseKey(`releases/${version}/later.json`)).toEqual({ version, name: 'later.json' });
  });

  it.each([
    CATALOG_KEY,
    PUBLIC_KEY_KEY,
    'releases/',
    `releases/${version}`,
    `releases/${version}/`,
    `releases/${version}/a/b`,
    'releases/nixos-26.05/manifest.json',
    `blobs/${version}/manifest.json`,
    blobKey(v.parse(Sha256, HEX.repeat(4))),
  ])('are not %s', (key) => {
    expect(parseReleaseKey(key)).toBeUndefined();
  });
});
