import { type Catalog, channelsOf, filesOf, type Manifest } from '@nixos-images/shared';

/** One version of the list of releases. */
export interface ListedRelease {
  readonly version: string;
  readonly channel: string;
  readonly promoted: string;
  readonly current: boolean;
  /** Whether the channel's releases stand in for NixOS. */
  readonly smoke: boolean;
}

/** Every release that the catalog names, per channel, newest first. */
export function listReleases(catalog: Catalog): ListedRelease[] {
  return channelsOf(catalog)
    .toReversed()
    .flatMap((channel) => {
      const entry = catalog.channels[channel];
      if (entry === undefined) return [];
      const { current, promoted, former } = entry;
      return [
        { version: current.version, channel, promoted, current: true, smoke: current.smoke },
        ...former.map(({ version, promoted }) => ({
          version,
          channel,
          promoted,
          current: false,
          smoke: current.smoke,
        })),
      ];
    });
}

/** `/releases/` for a terminal. */
export function releasesText(catalog: Catalog): string {
  return listReleases(catalog)
    .map(({ version, channel, promoted, current }) =>
      `/releases/${version}/  ${channel}  ${promoted.slice(0, 10)}${current ? '  current' : ''}`.concat('\n'),
    )
    .join('');
}

/** `/releases/<version>/` for a terminal. */
export function releaseText(manifest: Manifest, entries: readonly string[]): string {
  const sizes = new Map(manifest.images.flatMap(filesOf).map(({ file }) => [file.name, file.size] as const));
  const bySize = (path: string) => [...sizes].find(([name]) => path.endsWith(`/${name}`))?.[1];
  return entries.map((path) => `${path}${sizeText(bySize(path))}\n`).join('');
}

function sizeText(size: number | undefined): string {
  return size === undefined ? '' : `  ${formatSize(size)}`;
}

/** Bytes for a person, such as `365 MiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const mebibytes = bytes / 1024 ** 2;
  if (mebibytes < 1) return `${Math.round(bytes / 1024)} KiB`;
  return `${mebibytes < 10 ? mebibytes.toFixed(1) : Math.round(mebibytes)} MiB`;
}
