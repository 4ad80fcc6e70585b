import { filesOf } from '@nixos-images/shared';
import { html } from 'hono/html';
import { commandFor, SMOKE_NOTICE, titleOf } from './home-text.ts';
import { layout } from './layout.ts';
import { formatSize } from './releases-text.ts';
import type { KindLines, Site } from './site.ts';

/** The front page for a browser. */
export function homePage(site: Site): ReturnType<typeof html> {
  const { channels, lines, smoke } = site;
  return layout(
    'NixOS installer images',
    html`<h1>NixOS installer images</h1>
<p class="soft">Short addresses for the installers, to type at a rescue console, in a script or at an iPXE prompt. Plain HTTP works as well as HTTPS.</p>
${smoke ? html`<p class="warn" role="note">${SMOKE_NOTICE}</p>` : ''}
${lines.filter(({ images }) => images.length > 0).map((kindLines) => kindSection(kindLines, site.origin))}
<h2>Channels</h2>
<div class="table"><table>
<thead><tr><th>Channel</th><th>Release</th><th>Since</th><th>In an address</th></tr></thead>
<tbody>${channels.map(
      ({ channel, manifest, promoted, aliases, frozen }) => html`<tr>
<td>${channel}${frozen === undefined ? '' : html`<br><span class="soft">${frozen}</span>`}</td>
<td><a href="/releases/${manifest.version}/">${manifest.version}</a></td>
<td>${promoted.slice(0, 10)}</td>
<td><code>@${aliases.join(' @')}</code></td>
</tr>`,
    )}</tbody></table></div>
<p class="soft">As in <code>/kexec@unstable/x86_64</code>. A version in the same place gives the same bytes for ever.</p>
<h2>Checking and programs</h2>
<p>Add <code>.sha256</code>, <code>.minisig</code> or <code>.json</code> to any address for its checksum, signature and facts.
<a href="/releases/">All releases</a>, <a href="/feed.atom">feed</a>, <a href="/openapi.json">OpenAPI</a>, <a href="/v1/catalog.json">catalog</a>.</p>`,
  );
}

function kindSection({ kind, images }: KindLines, origin: string): ReturnType<typeof html> {
  const http = origin.replace(/^https:/, 'http:');
  return html`<h2>${titleOf(kind)}</h2>
${kind === 'netboot' ? html`<pre>chain ${http}/boot.ipxe</pre>` : ''}
${images.map(({ arch, address, image }) => {
  const size = filesOf(image).reduce((sum, { file }) => sum + file.size, 0);
  return html`<pre>${commandFor(kind, arch, kind === 'netboot' ? http : origin)}</pre>
<p class="soft"><a href="${address}">${arch}</a>, ${formatSize(size)}, <a href="${address}.sha256">checksum</a>, <a href="${address}.json">facts</a></p>`;
})}`;
}
