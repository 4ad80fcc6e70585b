import { Sha256 } from '@nixos-images/shared';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { nextStep, type PresentAsset, type WantedAsset } from './replacement.ts';

const digest = (letter: string) => v.parse(Sha256, letter.repeat(64));

interface Model {
  readonly assets: readonly PresentAsset[];
  readonly nextId: number;
}

const model = (entries: readonly [name: string, letter: string, complete?: boolean][]): Model => ({
  assets: entries.map(([name, letter, complete = true], id) => ({
    id,
    name,
    complete,
    sha256: complete ? digest(letter) : undefined,
  })),
  nextId: entries.length,
});

type Step = NonNullable<ReturnType<typeof nextStep>>;

/** The states that GitHub goes through in a step; `broken`: an upload leaves a leftover. */
function after({ assets, nextId }: Model, step: Step, broken = false): Model[] {
  const renamed = (from: Model['assets'], { id }: PresentAsset, name: string): Model => {
    expect(from.map((one) => one.name)).not.toContain(name);
    return { assets: from.map((one) => (one.id === id ? { ...one, name } : one)), nextId };
  };
  switch (step.step) {
    case 'upload': {
      expect(assets.map(({ name }) => name)).not.toContain(step.name);
      const sha256 = broken ? undefined : step.wanted.sha256;
      return [{ assets: [...assets, { id: nextId, name: step.name, complete: !broken, sha256 }], nextId: nextId + 1 }];
    }
    case 'rename':
      return [renamed(assets, step.asset, step.name)];
    case 'swap': {
      const between = renamed(assets, step.former, step.aside);
      return [between, renamed(between.assets, step.replacement, step.former.name)];
    }
    case 'remove':
      return [{ assets: assets.filter(({ id }) => id !== step.asset.id), nextId }];
  }
}

/** Every state on the way from one to what is wanted. */
function wayTo(start: Model, wanted: readonly WantedAsset[]): Model[] {
  const way = [start];
  for (let count = 0; count < 200; count += 1) {
    const now = way.at(-1) ?? start;
    const step = nextStep(now.assets, wanted);
    if (step === undefined) return way;
    way.push(...after(now, step));
  }
  throw new Error('it goes round in circles');
}

const served = ({ assets }: Model, name: string) =>
  assets.find((one) => one.name === name && one.complete)?.sha256?.slice(0, 1);

describe('nextStep', () => {
  const wanted = [
    { name: 'kernel', sha256: digest('b') },
    { name: 'initrd', sha256: digest('b') },
  ];

  it('replaces assets so that every name has the old or the new one, but for the moment between two renames', () => {
    const start = model([
      ['kernel', 'a'],
      ['initrd', 'a'],
      ['someone-elses', 'c'],
    ]);
    const way = wayTo(start, wanted);
    let gaps = 0;
    for (const [index, state] of way.entries()) {
      const missing = ['kernel', 'initrd'].filter((name) => served(state, name) === undefined);
      expect(missing.length).toBeLessThanOrEqual(1);
      gaps += missing.length;
      // A gap is closed by the very next request.
      const next = way[index + 1];
      for (const name of missing) expect(next && served(next, name)).toBe('b');
    }
    expect(gaps).toBe(2);
    expect(
      way
        .at(-1)
        ?.assets.map(({ name }) => name)
        .toSorted(),
    ).toEqual(['initrd', 'kernel', 'someone-elses']);
  });

  it('touches nothing that is right already', () => {
    expect(
      nextStep(
        model([
          ['kernel', 'b'],
          ['initrd', 'b'],
        ]).assets,
        wanted,
      ),
    ).toBeUndefined();
  });

  it('swaps nothing before everything is uploaded', () => {
    const path = wayTo(
      model([
        ['kernel', 'a'],
        ['initrd', 'a'],
      ]),
      wanted,
    );
    const firstSwap = path.findIndex(({ assets }) => assets.some(({ name }) => name.startsWith('retired.')));
    expect(path[firstSwap - 1]?.assets.filter(({ name }) => name.startsWith('staged.'))).toHaveLength(2);
  });

  it('never lets a broken upload stand under a name that people use', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 12 }), (breaks) => {
        let now = model([['kernel', 'a']]);
        for (const broken of breaks) {
          const step = nextStep(now.assets, wanted);
          if (step === undefined) break;
          now = after(now, step, broken).at(-1) ?? now;
          for (const { name, complete } of now.assets) if (!name.startsWith('staged.')) expect(complete).toBe(true);
        }
      }),
    );
  });

  it('ends at what is wanted from anything that former runs may have left, and from a wish that changes on the way', () => {
    const letter = fc.constantFrom('a', 'b', 'c');
    const name = fc.constantFrom('kernel', 'initrd', 'iso');
    const leftover = fc.tuple(
      fc.oneof(
        name,
        name.map((one) => `retired.${one}`),
        fc.tuple(letter, name).map(([of, one]) => `staged.${of.repeat(16)}.${one}`),
      ),
      letter,
      fc.boolean(),
    );
    const wish = fc.uniqueArray(fc.record({ name, sha256: letter.map(digest) }), { selector: (one) => one.name });
    fc.assert(
      fc.property(
        fc.uniqueArray(leftover, { selector: ([one]) => one, maxLength: 8 }),
        wish,
        wish,
        fc.nat(10),
        (entries, first, second, stop) => {
          const start = model(entries);
          const path = wayTo(start, first);
          const stopped = path[Math.min(stop, path.length - 1)] ?? start;
          const ended = wayTo(stopped, second).at(-1) ?? stopped;
          for (const one of second) expect(served(ended, one.name)).toBe(one.sha256.slice(0, 1));
          expect(ended.assets.filter((asset) => /^(staged|retired)\./.test(asset.name))).toEqual([]);
          // What could be downloaded at the start can still be.
          for (const one of ['kernel', 'initrd', 'iso']) {
            if (served(start, one) !== undefined) expect(served(ended, one)).toBeDefined();
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
