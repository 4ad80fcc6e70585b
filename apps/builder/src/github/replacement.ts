import type { Sha256 } from '@nixos-images/shared';

/** An asset of a release as it is on GitHub. */
export interface PresentAsset {
  readonly id: number;
  readonly name: string;
  readonly complete: boolean;
  readonly sha256: Sha256 | undefined;
}

/** An asset as it ought to be. */
export interface WantedAsset {
  readonly name: string;
  readonly sha256: Sha256;
}

/** One thing to do that brings a release nearer to what is wanted. */
export type ReplacementStep<Present extends PresentAsset, Wanted extends WantedAsset> =
  | { readonly step: 'upload'; readonly wanted: Wanted; readonly name: string }
  | { readonly step: 'rename'; readonly asset: Present; readonly name: string }
  /** Two renames, the second as soon as can be: in between nobody can download what `replacement` takes the name of. */
  | { readonly step: 'swap'; readonly former: Present; readonly aside: string; readonly replacement: Present }
  | { readonly step: 'remove'; readonly asset: Present };

const RETIRED = 'retired.';

/** The name under which a new asset waits; it holds the digest, so that another run knows whether it is still wanted. */
function stagedName({ name, sha256 }: WantedAsset): string {
  return `staged.${sha256.slice(0, 16)}.${name}`;
}

/**
 * The next thing to do on the way of a public release from the assets that it has to those that are wanted; undefined when it
 * is there. It depends on nothing but what GitHub has, so it does not matter who stopped where before.
 *
 * GitHub has no way to replace an asset: a name must be free before it can be taken. So every new asset is uploaded whole
 * under a name of its own first, and each takes its place by two renames, with nothing in between that can take long. The
 * order of the rules is the protocol of docs/operate/github.md:
 *
 * 1. a name without an asset gets one back: the new one if it is there, else the one that was there before;
 * 2. leftovers of broken uploads and new assets that nobody wants any more go;
 * 3. all new assets are uploaded;
 * 4. then, in the order of `wanted`, the old asset of a name steps aside and the new one takes its place;
 * 5. what stepped aside goes.
 */
export function nextStep<Present extends PresentAsset, Wanted extends WantedAsset>(
  present: readonly Present[],
  wanted: readonly Wanted[],
): ReplacementStep<Present, Wanted> | undefined {
  const named = (name: string): Present | undefined => present.find((asset) => asset.name === name);
  const staged = (one: Wanted): Present | undefined => {
    const asset = named(stagedName(one));
    return asset !== undefined && isWhole(asset, one) ? asset : undefined;
  };

  const retired = present.filter(({ name }) => name.startsWith(RETIRED));
  for (const one of wanted) {
    const ready = staged(one);
    if (named(one.name) === undefined && ready !== undefined) {
      return { step: 'rename', asset: ready, name: one.name };
    }
  }
  for (const former of retired) {
    const name = former.name.slice(RETIRED.length);
    if (named(name) === undefined && former.complete) return { step: 'rename', asset: former, name };
  }

  const waiting = new Map(wanted.map((one) => [stagedName(one), one]));
  for (const asset of present) {
    if (!asset.name.startsWith('staged.')) continue;
    const one = waiting.get(asset.name);
    if (one === undefined || !isWhole(asset, one) || isCurrent(named(one.name), one)) return { step: 'remove', asset };
  }

  const outdated = wanted.filter((one) => !isCurrent(named(one.name), one));
  for (const one of outdated) {
    if (staged(one) === undefined) return { step: 'upload', wanted: one, name: stagedName(one) };
  }
  for (const one of outdated) {
    const [former, replacement] = [named(one.name), staged(one)];
    const aside = `${RETIRED}${one.name}`;
    // Only one asset can be aside under a name; the one that people see now is the better one to keep.
    const inTheWay = named(aside);
    if (inTheWay !== undefined) return { step: 'remove', asset: inTheWay };
    if (former !== undefined && replacement !== undefined) return { step: 'swap', former, aside, replacement };
  }
  const [gone] = retired;
  return gone && { step: 'remove', asset: gone };
}

function isWhole(asset: PresentAsset, wanted: WantedAsset): boolean {
  return asset.complete && asset.sha256 === wanted.sha256;
}

function isCurrent(asset: PresentAsset | undefined, wanted: WantedAsset): boolean {
  return asset !== undefined && isWhole(asset, wanted);
}
