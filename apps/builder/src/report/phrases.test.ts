import { FileName, Mirror } from '@nixos-images/shared';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { mirrorPhrases } from './phrases.ts';

const version = '26.05.20260820.e17386d';

it('tells of a file that the mirror cannot have in one line, beside what it has', () => {
  const mirror = v.parse(Mirror, {
    schema: 1,
    version,
    repository: 'operator/images',
    tag: version,
    mirrored: '2026-08-20T04:05:06.000Z',
    files: [],
  });
  const leftOut = [{ name: v.parse(FileName, 'nixos.iso'), reason: 'larger than GitHub takes (2 GiB)' }];
  const mirrored = { mirror, rollingTag: undefined, uploadedAssets: 3, uploadedBytes: 2000, leftOut };
  expect(mirrorPhrases(mirrored)).toEqual([
    `in operator/images under ${version}, 3 assets uploaded (2.0 kB)`,
    'left out: nixos.iso: larger than GitHub takes (2 GiB)',
  ]);
});
