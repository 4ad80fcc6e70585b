import { type Arch, formatAddress, formatKexecScriptAddress, type Kind } from '@nixos-images/shared';
import { html } from 'hono/html';
import { choiceForm } from './form.ts';
import type { Guide } from './guide.ts';
import { type Html, layout, SMOKE_NOTICE } from './layout.ts';
import { aboutResult, result } from './result.ts';
import type { Site } from './site.ts';

/** The command that puts an image to use, for a terminal. */
function commandFor(kind: Kind, arch: Arch, origin: string): string {
  switch (kind) {
    case 'kexec':
      return `curl ${origin}/kexec/${arch} | tar -xz -C /root && /root/kexec/run`;
    case 'iso':
      return `wget ${origin}/iso/${arch}.iso`;
    case 'netboot':
      return `chain ${origin}/netboot/${arch}.ipxe`;
    case 'ipxe':
      return `wget ${origin}/ipxe/${arch}.iso`;
  }
}

const TITLES: Readonly<Record<Kind, string>> = {
  kexec: 'Turn the running Linux machine into a NixOS installer, as root',
  iso: 'Download an ISO, for a CD or USB stick',
  netboot: 'Boot from the network, at the iPXE prompt',
  ipxe: 'Boot from the network without an iPXE: 4 MB for a CD or stick, that lead to a menu',
};

const SCRIPT = formatKexecScriptAddress({ ref: undefined, variant: undefined, view: 'itself' });

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
      `${TITLES[kind]}:`,
      ...(kind === 'kexec' ? [`  curl -L ${origin}${SCRIPT} | sh`] : []),
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

/** The front page for a browser: what somebody has becomes the line to type. */
export function homePage(site: Site, guide: Guide): Html {
  const { channels, smoke } = site;
  return layout(
    'NixOS installer images',
    html`<h1>Into the NixOS installer</h1>
<p class="lead">Say what you have, and get the one line that starts the installer there, with your keys in it.</p>
${smoke ? html`<p class="warn" role="note">${SMOKE_NOTICE}</p>` : ''}
<div class="guide">
${choiceForm(guide, channels)}
<div class="aside">${result(guide)}<p class="hidden" role="status" id="said"></p></div>
</div>
${aboutResult(guide)}
<h2>Channels</h2>
<div class="table"><table>
<thead><tr><th>Channel</th><th>Release</th><th>Since</th><th>In an address</th></tr></thead>
<tbody>${channels.map(
      ({ channel, manifest, promoted, aliases, remark }) => html`<tr>
<td><a href="${formatAddress({ type: 'channel', channel })}">${channel}</a>${remark === undefined ? '' : html`<br><span class="hint">${remark}</span>`}</td>
<td><a href="${formatAddress({ type: 'release', version: manifest.version })}">${manifest.version}</a></td>
<td>${promoted.slice(0, 10)}</td>
<td><code>@${aliases.join(' @')}</code></td>
</tr>`,
    )}</tbody></table></div>
<p class="hint">As in <code>/kexec@unstable/x86_64</code>. A version in the same place gives the same bytes for ever. Add <code>.sha256</code>, <code>.minisig</code> or <code>.json</code> to any address for its checksum, signature and facts. Plain HTTP works as well as HTTPS.</p>`,
    'with-script',
  );
}
