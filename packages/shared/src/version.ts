import * as v from 'valibot';

const BASE = String.raw`(\d\d\.\d\d)\.(\d{8})\.([0-9a-f]{7,40})`;
const VERSION = new RegExp(`^${BASE}(?:-([2-9]|[1-9]\\d{1,3}))?$`);

/** nixpkgs' own version of a revision, such as `26.05.20260820.e17386d`: series, date, revision. */
export const NixpkgsVersion = v.pipe(
  v.string(),
  v.regex(new RegExp(`^${BASE}$`), 'not a nixpkgs version: expected YY.MM.YYYYMMDD.<revision>'),
  v.brand('NixpkgsVersion'),
);
export type NixpkgsVersion = v.InferOutput<typeof NixpkgsVersion>;

/** One release: a nixpkgs version and, for a second release from the same revision, a number from 2 (`…-2`). */
export const Version = v.pipe(
  v.string(),
  v.regex(VERSION, 'not a version: expected YY.MM.YYYYMMDD.<revision>[-N]'),
  v.brand('Version'),
);
export type Version = v.InferOutput<typeof Version>;

/** The parts of a version; `number` is 1 for the first release from a revision. */
export interface VersionParts {
  readonly nixpkgs: NixpkgsVersion;
  readonly series: string;
  readonly date: string;
  readonly revision: string;
  readonly number: number;
}

/** Takes a version apart. */
export function versionParts(version: Version): VersionParts {
  const [, series = '', date = '', revision = '', number = '1'] = VERSION.exec(version) ?? [];
  return {
    nixpkgs: v.parse(NixpkgsVersion, `${series}.${date}.${revision}`),
    series,
    date,
    revision,
    number: Number(number),
  };
}

/** The version of the `number`th release (from 1) that is made of one nixpkgs revision. */
export function versionOf(nixpkgs: NixpkgsVersion, number: number): Version {
  return v.parse(Version, number === 1 ? nixpkgs : `${nixpkgs}-${number}`);
}

/** Orders versions from old to new: by series, date, then number; for `toSorted`. */
export function compareVersions(left: Version, right: Version): number {
  const [a, b] = [versionParts(left), versionParts(right)];
  return (
    a.series.localeCompare(b.series) ||
    a.date.localeCompare(b.date) ||
    a.revision.localeCompare(b.revision) ||
    a.number - b.number
  );
}
