import { type Channel, ImageFacts, type ImageId, type System, systemOf } from '@nixos-images/shared';
import * as v from 'valibot';
import { EXIT, Failure } from '../failure.ts';
import type { WantedChannel } from '../selection.ts';
import { type NixOptions, runNix } from './run.ts';

/** A wanted image with what evaluation says of it. Nothing is built yet. */
export interface EvaluatedImage {
  readonly facts: ImageFacts;
  /** Store path of the derivation. */
  readonly derivation: string;
  /** Store path that building makes. */
  readonly storePath: string;
}

/** Name of an image's package in the flake. */
export function packageName({ kind, variant }: ImageId, channel: Channel): string {
  return `${kind}-${variant}-${channel}`;
}

/** Where the package of an image is among the flake's `packages`: `x86_64-linux."iso-interactive-nixos-26.05"`. */
export function packagePath(image: ImageId, channel: Channel): string {
  return `${systemOf(image.arch)}."${packageName(image, channel)}"`;
}

const Answer = v.array(
  v.variant('found', [
    v.object({ found: v.literal(false), available: v.array(v.string()) }),
    v.object({
      found: v.literal(true),
      derivation: v.string(),
      storePath: v.string(),
      image: v.nullable(v.unknown()),
    }),
  ]),
);

interface Wanted {
  readonly channel: Channel;
  readonly image: ImageId;
  readonly system: System;
  readonly name: string;
}

/**
 * Evaluates the images wanted of every channel; one evaluation for each flake.
 * @returns for each channel its images, in the order asked for.
 * @throws Failure (exit 2) when a flake lacks a package, or the package describes another image.
 */
export async function evaluate(
  channels: readonly WantedChannel[],
  options: NixOptions,
): Promise<Map<Channel, EvaluatedImage[]>> {
  const result = new Map<Channel, EvaluatedImage[]>(channels.map(({ channel }) => [channel, []]));
  const flakes = Map.groupBy(channels, ({ config }) => config.flake);
  for (const [flake, group] of flakes) {
    const wanted = group.flatMap(({ channel, images }) =>
      images.map((image) => ({ channel, image, system: systemOf(image.arch), name: packageName(image, channel) })),
    );
    if (wanted.length === 0) continue;
    const stdout = await runNix(
      'nix',
      ['eval', '--json', `${flake}#packages`, '--apply', expressionFor(wanted)],
      options,
    );
    const answers = v.parse(Answer, JSON.parse(stdout));
    for (const [index, want] of wanted.entries()) {
      const answer = answers[index];
      if (answer === undefined) throw new Failure(`Nix gave no answer for ${want.name}.`);
      result.get(want.channel)?.push(evaluatedFrom(flake, want, answer));
    }
  }
  return result;
}

/** The function that is applied to the flake's `packages`. Names come from the config's grammar: no quoting needed. */
function expressionFor(wanted: readonly Wanted[]): string {
  const list = wanted.map(({ system, name }) => `{ system = "${system}"; name = "${name}"; }`).join(' ');
  return `packages: map ({ system, name }:
    let ofSystem = packages.\${system} or { }; in
    if ofSystem ? \${name} then
      let package = ofSystem.\${name}; in
      { found = true; derivation = package.drvPath; storePath = package.outPath; image = package.image or null; }
    else { found = false; available = builtins.attrNames ofSystem; }
  ) [ ${list} ]`;
}

function evaluatedFrom(flake: string, want: Wanted, answer: v.InferOutput<typeof Answer>[number]): EvaluatedImage {
  const { system, name, channel, image } = want;
  if (!answer.found) {
    const there = answer.available.length > 0 ? answer.available.join(', ') : 'none';
    throw new Failure(`The flake ${flake} has no package ${name} for ${system}.`, {
      remedy: `Correct the images of ${channel} in the config. Packages for ${system}: ${there}.`,
      exitCode: EXIT.usage,
    });
  }
  const facts = v.safeParse(ImageFacts, answer.image);
  if (!facts.success) {
    const [issue] = facts.issues;
    const where = v.getDotPath(issue) ?? '';
    throw new Failure(`The package ${name} has no valid \`image\` attribute: ${where} ${issue.message}.`, {
      remedy: 'Give the derivation a passthru `image` as docs/publishing.md describes it.',
      exitCode: EXIT.usage,
    });
  }
  const { kind, variant, arch } = facts.output;
  if (kind !== image.kind || variant !== image.variant || arch !== image.arch || facts.output.channel !== channel) {
    throw new Failure(
      `The package ${name} for ${system} describes another image: ${kind} ${variant} ${arch} of ${facts.output.channel}.`,
      {
        remedy: 'Correct its `image` attribute in the flake.',
        exitCode: EXIT.usage,
      },
    );
  }
  return { facts: facts.output, derivation: answer.derivation, storePath: answer.storePath };
}
