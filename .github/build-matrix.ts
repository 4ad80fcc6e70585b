/**
 * The images that the release workflow has to build, as a job matrix on one line, from what `nixos-images plan --json` said.
 *
 *     node .github/build-matrix.ts plan.json
 */
import { readFile } from 'node:fs/promises';

/** What is needed of a plan. */
interface Plan {
  readonly channels: readonly {
    readonly channel: string;
    readonly state: string;
    readonly images: readonly {
      readonly kind: string;
      readonly arch: string;
      readonly variant: string;
      readonly action: string;
      /** Where it is among the flake's packages. */
      readonly package: string;
    }[];
  }[];
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node build-matrix.ts PLAN');
const plan: Plan = JSON.parse(await readFile(file, 'utf8'));
const images = plan.channels
  .filter(({ state }) => state === 'to-release')
  .flatMap(({ channel, images }) =>
    images
      .filter(({ action }) => action === 'build')
      .map(({ kind, arch, variant, ...image }) => ({
        name: `${kind}-${variant}-${channel}-${arch}`,
        arch,
        package: image.package,
      })),
  );
console.log(JSON.stringify(images));
