import { type Arch, filesOf, formatAddress, type Kind } from '@nixos-images/shared';
import { html } from 'hono/html';
import { layout, SMOKE_NOTICE } from './layout.ts';
import { formatSize } from './releases.ts';
import type { KindLines, Site } from './site.ts';

/** The command that puts an image to use, for a terminal. */
function commandFor(kind: Kind, arch: Arch, origin: string): string {
  switch (kind) {
    case 'kexec':
      return `curl ${origin}/kexec/${arch} | tar -xz -C /root && /root/kexec/run`;
    case 'iso':
      return `wget ${origin}/iso/${arch}.iso`;
    case 'netboot':
      return `chain ${origin}/netboot/${arch}.ipxe`;
  }
}

const TITLES: Readonly<Record<Kind, string>> = {
  kexec: 'Turn the running Linux machine into a NixOS installer, as root',
  iso: 'Download an ISO, for a CD or USB stick',
  netboot: 'Boot from the network, at the iPXE prompt',
};

/** What kind an image is for, in a sentence. */
function titleOf(kind: Kind): string {
  return TITLES[kind];
}

/** The front page for a terminal: what to type. */
export function homeText(site: Site): string {
  const { origin, lines, channels, smoke } = site;
  const http = origin.replace(/^https:/, 'http:');
  const published = lines.filter(({ images }) => images.length > 0);
  return [
    'NixOS installer images',
    ...(smoke ? ['', SMOKE_NOTICE] : []),
    ...published.flatMap(({ kind, images }) => [
      '',
      `${titleOf(kind)}:`,
      ...(kind === 'netboot' ? [`  chain ${http}/boot.ipxe`] : []),
      ...images.map(({ arch }) => `  ${commandFor(kind, arch, kind === 'netboot' ? http : origin)}`),
    ]),
    '',
    'Another channel or release: put @ and its name behind the kind, as in /kexec@unstable/x86_64.',
    ...channels.map(
      ({ channel, aliases, manifest, remark }) =>
        `  ${channel.padEnd(16)} ${manifest.version}  @${aliases.join(' @')}${remark === undefined ? '' : `  (${remark})`}`,
    ),
    '',
    'Add .sha256, .minisig or .json to an address for its checksum, signature and facts.',
    `All releases: ${origin}/releases/   For programs: ${origin}/openapi.json`,
    '',
  ].join('\n');
}

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
      ({ channel, manifest, promoted, aliases, remark }) => html`<tr>
<td>${channel}${remark === undefined ? '' : html`<br><span class="soft">${remark}</span>`}</td>
<td><a href="${formatAddress({ type: 'release', version: manifest.version })}">${manifest.version}</a></td>
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
