import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { compareVersions, NixpkgsVersion, Version, versionOf, versionParts } from './version.ts';

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
const nixpkgsVersion = fc
  .tuple(digits(2), digits(2), digits(8), fc.stringMatching(/^[0-9a-f]{7,40}$/))
  .map(([year, month, date, revision]) => v.parse(NixpkgsVersion, `${year}.${month}.${date}.${revision}`));

describe('versions', () => {
  it('are made of and taken apart into the same nixpkgs version and number', () => {
    fc.assert(
      fc.property(nixpkgsVersion, fc.integer({ min: 1, max: 999 }), (nixpkgs, number) => {
        expect(versionParts(versionOf(nixpkgs, number))).toMatchObject({ nixpkgs, number });
      }),
    );
  });

  it.each(['26.05', '26.05.20260820.e17386d-1', '26.05.20260820.e17386d-0', '26.05.20260820.E17386D', '../x', ''])(
    'are not spelled %j',
    (text) => {
      expect(v.is(Version, text)).toBe(false);
    },
  );

  it('sort from old to new, a tenth release after a second', () => {
    const sorted = [
      '25.11.20260901.aaaaaaa',
      '26.05.20260820.e17386d',
      '26.05.20260820.e17386d-2',
      '26.05.20260820.e17386d-10',
      '26.05.20260901.0000000',
    ].map((text) => v.parse(Version, text));
    expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted);
  });
});
