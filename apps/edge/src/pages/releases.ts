import {
  type Catalog,
  type Channel,
  channelsOf,
  formatAddress,
  listedFilesOf,
  type Manifest,
  type Version,
} from '@nixos-images/shared';
import { html } from 'hono/html';
import { layout } from './layout.ts';

/** One version of the list of releases. */
export interface ListedRelease {
  readonly version: Version;
  /** Of its list of files. */
  readonly address: string;
  readonly channel: Channel;
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
      const { smoke } = current;
      return [
        { version: current.version, channel, promoted, current: true, smoke },
        ...former.map(({ version, promoted }) => ({
          version,
          channel,
          promoted,
          current: false,
          smoke,
        })),
      ].map((release) => ({ ...release, address: formatAddress({ type: 'release', version: release.version }) }));
    });
}

/** `/releases/` for a terminal. */
export function releasesText(catalog: Catalog): string {
  return listReleases(catalog)
    .map(({ address, channel, promoted, current }) =>
      `${address}  ${channel}  ${promoted.slice(0, 10)}${current ? '  current' : ''}`.concat('\n'),
    )
    .join('');
}

/** `/releases/<version>/` for a terminal. */
export function releaseText(manifest: Manifest, entries: readonly string[]): string {
  const sizes = new Map(manifest.images.flatMap(listedFilesOf).map(({ file }) => [file.name, file.size] as const));
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

/** `/releases/` for a browser. */
export function releasesPage(catalog: Catalog): ReturnType<typeof html> {
  return layout(
    'Releases of the NixOS installer images',
    html`<h1>Releases</h1>
<p class="lead">Every one that a channel is at, or was. What stands under a version never changes.</p>
<div class="table"><table><thead><tr><th>Version</th><th>Channel</th><th>Since</th><th>State</th></tr></thead>
<tbody>${listReleases(catalog).map(
      ({ version, address, channel, promoted, current }) => html`<tr>
<td><a href="${address}">${version}</a></td><td><a href="${formatAddress({ type: 'channel', channel })}">${channel}</a></td><td>${promoted.slice(0, 10)}</td><td>${current ? 'current' : 'former'}</td>
</tr>`,
    )}</tbody></table></div>`,
  );
}
