import {
  ARCHES,
  type Arch,
  byInterest,
  type Catalog,
  type CatalogStage,
  type Channel,
  channelNamed,
  defaultVariant,
  type Image,
  KINDS,
  type Kind,
  type Manifest,
  namesOf,
  shortAddress,
  stagedChannels,
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
  /** Why and until when the channel is served though it gets no more releases, or that it is a beta; undefined for a stable one. */
  readonly remark: string | undefined;
}

export interface KindLines {
  readonly kind: Kind;
  readonly images: readonly { readonly arch: Arch; readonly address: string; readonly image: Image }[];
}

/** Works the front page's facts out of the catalog. @param now milliseconds since 1970. */
export function siteOf(catalog: Catalog, origin: string, now = Date.now()): Site {
  return {
    origin,
    channels: byInterest(catalog, now).map((staged) => summaryOf(staged, catalog, now)),
    lines: KINDS.map((kind) => linesOf(catalog, kind, now)),
    smoke: Object.values(catalog.channels).some((entry) => entry.current.smoke),
  };
}

/** What there is to know before choosing the channel, in the operator's words, fit for a terminal. */
function remarkOf({ stage, entry: { state } }: CatalogStage): string | undefined {
  if (stage === 'beta') return 'beta: not released yet';
  if (state.status !== 'frozen') return undefined;
  const until = state.sunset === undefined ? '' : `; served until ${state.sunset.slice(0, 10)}`;
  return `${stage}: ${state.reason.replace(/[^ -~]/g, '')}${until}`;
}

function summaryOf(staged: CatalogStage, catalog: Catalog, now: number): ChannelSummary {
  const channels = stagedChannels(catalog, now);
  return {
    channel: staged.channel,
    aliases: namesOf(channels).filter((name) => channelNamed(name, channels)?.channel === staged.channel),
    manifest: staged.entry.current,
    promoted: staged.entry.promoted,
    remark: remarkOf(staged),
  };
}

/** What the addresses without a channel give. */
function linesOf(catalog: Catalog, kind: Kind, now: number): KindLines {
  const images = ARCHES.flatMap((arch) => {
    const candidates = ({ images }: Manifest) => images.filter((image) => image.kind === kind && image.arch === arch);
    const [first] = byInterest(catalog, now, (manifest) => candidates(manifest).length > 0);
    const ofArch = first === undefined ? [] : candidates(first.entry.current);
    const image = ofArch.find(({ variant }) => variant === defaultVariant(kind)) ?? ofArch[0];
    return image === undefined ? [] : [{ arch, address: shortAddress(image), image }];
  });
  return { kind, images };
}
