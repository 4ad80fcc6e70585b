import {
  ARCHES,
  type Channel,
  channelNamed,
  defaultVariant,
  type ImageId,
  KINDS,
  parseArch,
  Variant,
} from '@nixos-images/shared';
import * as v from 'valibot';
import { type Config, type ConfigChannel, stagedConfig } from './config.ts';
import { EXIT, Failure } from './failure.ts';

/** One channel of the config with the images wanted of it. */
export interface WantedChannel {
  readonly channel: Channel;
  readonly config: ConfigChannel;
  readonly images: readonly ImageId[];
}

/** What a user typed to narrow a command down; empty lists mean everything. */
export interface SelectionOptions {
  readonly channel?: readonly string[];
  readonly kind?: readonly string[];
  readonly arch?: readonly string[];
  readonly variant?: readonly string[];
}

function unknown(what: string, typed: string, valid: readonly string[]): Failure {
  return new Failure(`The config has no ${what} ${JSON.stringify(typed)}.`, {
    remedy: `It has: ${valid.join(', ')}.`,
    exitCode: EXIT.usage,
  });
}

/**
 * The channels that names mean; all of the config for none.
 * @throws Failure (exit 2) that lists the channels there are.
 */
export function selectChannels(config: Config, names: readonly string[]): Channel[] {
  const staged = stagedConfig(config);
  const known = staged.map(({ channel }) => channel);
  if (names.length === 0) return known;
  const chosen = names.map((name) => {
    const found = channelNamed(name, staged);
    if (found === undefined) throw unknown('channel', name, known);
    return found.channel;
  });
  return known.filter((channel) => chosen.includes(channel));
}

/**
 * An image as it stands in an address, such as `iso/x86_64` or `kexec/aarch64/low-memory`.
 * @throws Failure (exit 2) that shows the form.
 */
export function parseImageName(name: string): ImageId {
  const [kind, archName = '', variantName, ...rest] = name.split('/');
  const [known, arch] = [KINDS.find((each) => each === kind), parseArch(archName)];
  const variant = known && (variantName === undefined ? defaultVariant(known) : v.safeParse(Variant, variantName));
  if (known !== undefined && arch !== undefined && variant !== undefined && rest.length === 0) {
    if (typeof variant === 'string') return { kind: known, arch, variant };
    if (variant.success) return { kind: known, arch, variant: variant.output };
  }
  throw new Failure(`${JSON.stringify(name)} is no image.`, {
    remedy: 'Write KIND/ARCH or KIND/ARCH/VARIANT, such as iso/x86_64 or kexec/aarch64/low-memory.',
    exitCode: EXIT.usage,
  });
}

/**
 * The one channel that a name means.
 * @throws Failure (exit 2) that lists the channels there are.
 */
export function selectChannel(config: Config, name: string): Channel {
  const [channel] = selectChannels(config, [name]);
  if (channel === undefined) throw unknown('channel', name, Object.keys(config.channels));
  return channel;
}

/**
 * The images of the config that the options leave.
 * @throws Failure (exit 2) that lists what there is, when an option means nothing the config has.
 */
export function selectImages(config: Config, options: SelectionOptions): WantedChannel[] {
  const channels = selectChannels(config, options.channel ?? []).map((channel) => wantedOf(config, channel));
  const all = channels.flatMap(({ images }) => images);
  const kinds = choose(
    'kind',
    options.kind,
    KINDS.filter((kind) => all.some((image) => image.kind === kind)),
  );
  const arches = choose(
    'arch',
    options.arch?.map((name) => parseArch(name) ?? name),
    ARCHES.filter((arch) => all.some((image) => image.arch === arch)),
  );
  const variants = choose('variant', options.variant, [...new Set(all.map(({ variant }) => variant))]);
  return channels.map(({ images, ...rest }) => ({
    ...rest,
    images: images.filter(
      ({ kind, arch, variant }) => kinds.includes(kind) && arches.includes(arch) && variants.includes(variant),
    ),
  }));
}

function wantedOf(config: Config, channel: Channel): WantedChannel {
  const settings = config.channels[channel];
  if (settings === undefined) throw unknown('channel', channel, Object.keys(config.channels));
  const images = settings.images.flatMap(({ kind, variant, arches }) =>
    arches.map((arch) => ({ kind, variant, arch })),
  );
  return { channel, config: settings, images };
}

function choose<Value extends string>(
  what: string,
  typed: readonly string[] | undefined,
  valid: readonly Value[],
): readonly Value[] {
  if (typed === undefined || typed.length === 0) return valid;
  for (const name of typed) {
    if (!valid.some((value) => value === name)) throw unknown(what, name, valid);
  }
  return valid.filter((value) => typed.includes(value));
}
