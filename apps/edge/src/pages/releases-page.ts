import { type Catalog, filesOf, type Manifest } from '@nixos-images/shared';
import { html } from 'hono/html';
import { SMOKE_NOTICE } from './home-text.ts';
import { layout } from './layout.ts';
import { formatSize, listReleases } from './releases-text.ts';

/** `/releases/` for a browser. */
export function releasesPage(catalog: Catalog): ReturnType<typeof html> {
  return layout(
    'Releases of the NixOS installer images',
    html`<p><a href="/">NixOS installer images</a></p><h1>Releases</h1>
<div class="table"><table><thead><tr><th>Version</th><th>Channel</th><th>Since</th><th></th></tr></thead>
<tbody>${listReleases(catalog).map(
      ({ version, channel, promoted, current }) => html`<tr>
<td><a href="/releases/${version}/">${version}</a></td><td>${channel}</td><td>${promoted.slice(0, 10)}</td><td>${current ? 'current' : ''}</td>
</tr>`,
    )}</tbody></table></div>`,
  );
}

/** `/releases/<version>/` for a browser. */
export function releasePage(manifest: Manifest, entries: readonly string[]): ReturnType<typeof html> {
  const { version, channel, smoke, published, nixpkgs } = manifest;
  const files = manifest.images.flatMap(filesOf).map(({ file }) => file);
  return layout(
    `Release ${version}`,
    html`<p><a href="/">NixOS installer images</a> / <a href="/releases/">Releases</a></p><h1>${version}</h1>
${smoke ? html`<p class="warn" role="note">${SMOKE_NOTICE}</p>` : ''}
<p class="soft">${channel}, published ${published.slice(0, 10)}${nixpkgs === undefined ? '' : `, made of ${smoke ? 'Debian packages' : 'nixpkgs'} ${nixpkgs.revision.slice(0, 12)}`}. The bytes under these addresses never change.</p>
<div class="table"><table><thead><tr><th>File</th><th class="num">Size</th></tr></thead>
<tbody>${entries.map((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const file = files.find((known) => known.name === name);
      return html`<tr><td><a href="${path}">${name}</a></td><td class="num">${file === undefined ? '' : formatSize(file.size)}</td></tr>`;
    })}</tbody></table></div>`,
  );
}
