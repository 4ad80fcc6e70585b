import {
  ARCHES,
  type Arch,
  aliasesOf,
  type Catalog,
  type Channel,
  type ChannelState,
  channelOf,
  channelsOf,
  defaultVariant,
  type Image,
  KINDS,
  type Kind,
  type Manifest,
  newestStable,
  shortAddress,
} from '@nixos-images/shared';

/** What the front page tells, in whichever form. */
export interface Site {
  /** Such as `http://images.example.org`. */
  readonly origin: string;
  readonly channels: readonly ChannelSummary[];
  /** The architectures that the newest release has images of a kind for, with their addresses. */
  readonly lines: readonly KindLines[];
  readonly smoke: boolean;
}

export interface ChannelSummary {
  readonly channel: Channel;
  readonly aliases: readonly string[];
  readonly manifest: Manifest;
  readonly promoted: string;
  /** Why and until when the channel is served though it gets no more releases; undefined as long as it does. */
  readonly frozen: string | undefined;
}

export interface KindLines {
  readonly kind: Kind;
  readonly images: readonly { readonly arch: Arch; readonly address: string; readonly image: Image }[];
}

/** Works the front page's facts out of the catalog. */
export function siteOf(catalog: Catalog, origin: string): Site {
  const channels = channelsOf(catalog);
  const latest = channelOf('latest', channels) ?? channels[0];
  const manifest = latest === undefined ? undefined : catalog.channels[latest]?.current;
  return {
    origin,
    channels: byInterest(channels).flatMap((channel) => summaryOf(catalog, channel)),
    lines: manifest === undefined ? [] : KINDS.map((kind) => linesOf(manifest, kind)),
    smoke: Object.values(catalog.channels).some((entry) => entry.current.smoke),
  };
}

/** The newest stable channel first, then the newest. */
function byInterest(channels: readonly Channel[]): Channel[] {
  const newest = newestStable(channels);
  return [...(newest === undefined ? [] : [newest]), ...channels.toReversed().filter((name) => name !== newest)];
}

/** The operator's words, fit for a terminal. */
function frozenText(state: ChannelState): string | undefined {
  if (state.status !== 'frozen') return undefined;
  const until = state.sunset === undefined ? '' : `; served until ${state.sunset.slice(0, 10)}`;
  return `frozen: ${state.reason.replace(/[^ -~]/g, '')}${until}`;
}

function summaryOf(catalog: Catalog, channel: Channel): ChannelSummary[] {
  const entry = catalog.channels[channel];
  if (entry === undefined) return [];
  const channels = channelsOf(catalog);
  return [
    {
      channel,
      aliases: aliasesOf(channels).filter((alias) => channelOf(alias, channels) === channel),
      manifest: entry.current,
      promoted: entry.promoted,
      frozen: frozenText(entry.state),
    },
  ];
}

function linesOf(manifest: Manifest, kind: Kind): KindLines {
  const images = ARCHES.flatMap((arch) => {
    const ofArch = manifest.images.filter((image) => image.kind === kind && image.arch === arch);
    const image = ofArch.find(({ variant }) => variant === defaultVariant(kind)) ?? ofArch[0];
    return image === undefined ? [] : [{ arch, address: shortAddress(image), image }];
  });
  return { kind, images };
}
