import {
  compareImageIds,
  compareVersions,
  formatAddress,
  formatImageId,
  formatMemory,
  type Image,
  isSameImage,
  listedFilesOf,
  type Manifest,
  memoryNeeded,
  purposeOf,
} from '@nixos-images/shared';
import { html } from 'hono/html';
import type { Sources } from '../answers/answer.ts';
import { originOf } from '../answers/origin.ts';
import { findManifest } from '../objects.ts';
import { HAVES, kindFor } from '../ways/way.ts';
import { type Evidence, evidence, evidenceOf } from './evidence.ts';
import { type Html, layout, SMOKE_NOTICE } from './layout.ts';
import { formatSize } from './releases.ts';
import { publicKeyOf } from './signer.ts';

/** What a release's page tells beside its manifest. */
export interface ReleaseFacts {
  readonly manifest: Manifest;
  /** Paths of everything that it has. */
  readonly entries: readonly string[];
  /** The release of the channel before it; undefined where none is known. */
  readonly before: Manifest | undefined;
  readonly boot: Evidence;
  /** The key that its checksums are signed by; undefined where they are not. */
  readonly publicKey: string | undefined;
  /** Such as `https://images.example.org`. */
  readonly origin: string;
}

/** Reads what a release's page tells. */
export async function releaseFacts(
  manifest: Manifest,
  entries: readonly string[],
  sources: Sources,
): Promise<ReleaseFacts> {
  return {
    manifest,
    entries,
    before: await releaseBefore(manifest, sources),
    boot: await evidenceOf(manifest.version, sources.read),
    publicKey: entries.some((path) => path.endsWith('/SHA256SUMS.minisig'))
      ? await publicKeyOf(sources.read)
      : undefined,
    origin: originOf(sources),
  };
}

async function releaseBefore(
  { channel, version }: Manifest,
  { snapshot, read }: Sources,
): Promise<Manifest | undefined> {
  const entry = snapshot.catalog.channels[channel];
  if (entry === undefined) return undefined;
  const older = [entry.current, ...entry.former]
    .map((release) => release.version)
    .filter((other) => compareVersions(other, version) < 0)
    .toSorted(compareVersions);
  const before = older.at(-1);
  return before === undefined ? undefined : findManifest(before, snapshot.catalog, read);
}

/** `/releases/<version>/` for a browser. Every file is a link, for programs that mirror what a list leads to. */
export function releasePage(facts: ReleaseFacts): Html {
  const { manifest, entries, before, boot } = facts;
  const { version, channel, smoke, published, nixpkgs, images } = manifest;
  const files = images.flatMap(listedFilesOf).map(({ file }) => String(file.name));
  const others = entries.filter((path) => !files.includes(nameOf(path)));
  return layout(
    `Release ${version}`,
    html`<h1>${version}</h1>
<p class="lead">A release of <a href="${formatAddress({ type: 'channel', channel })}">${channel}</a>, published ${published.slice(0, 10)}${
      nixpkgs === undefined ? '' : `, made of ${smoke ? 'Debian packages' : 'nixpkgs'} ${nixpkgs.revision.slice(0, 12)}`
    }. The bytes under these addresses never change.</p>
${smoke ? html`<p class="warn" role="note">${SMOKE_NOTICE}</p>` : ''}
${
  before === undefined
    ? ''
    : html`<p class="hint">Sizes are held against <a href="${formatAddress({ type: 'release', version: before.version })}">${before.version}</a>, the release before.</p>`
}
${images.toSorted(compareImageIds).map((image) => imageSection(image, facts))}
<h2>All of it</h2>
<ul class="entries">${others.map((path) => html`<li><a href="${path}">${nameOf(path)}</a></li>`)}</ul>
<h2>Check what you downloaded</h2>
<pre>${checkLines(facts).join('\n')}</pre>
${facts.publicKey === undefined ? html`<p class="hint">This release is not signed.</p>` : ''}
${
  boot === undefined || boot === 'unreadable' || boot.gate === 'skipped'
    ? ''
    : html`<p class="hint">Boot tests of ${boot.time.slice(0, 10)}, in emulated machines, each to a login over SSH: ${Object.entries(
        boot.tools,
      )
        .map(([name, tool]) => `${name} ${tool}`)
        .join(', ')}.</p>`
}`,
  );
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function imageSection(image: Image, { manifest: { version }, before, boot }: ReleaseFacts): Html {
  const memory = memoryNeeded(image);
  const have = HAVES.find((have) => kindFor(have) === image.kind);
  const query = new URLSearchParams({ have: have ?? '', arch: image.arch, channel: version, variant: image.variant });
  const words = [
    purposeOf(image.variant),
    memory === undefined ? undefined : `needs ${formatMemory(memory)} of memory`,
    image.origin.from === 'nix' ? `Linux ${image.origin.kernelVersion}` : undefined,
  ].filter((word) => word !== undefined);
  const old = before?.images.find((other) => isSameImage(other, image));
  return html`<section class="image"><h2>${formatImageId(image)}</h2>
<p class="hint">${words.join(', ')}${have === undefined ? '' : html`. <a href="/?${query}">Make its line</a>`}</p>
<div class="columns"><div class="table"><table><thead><tr><th>File</th><th class="num">Size</th><th class="num">Before</th></tr></thead>
<tbody>${listedFilesOf(image).map(({ part, file }) => {
    const former = old && listedFilesOf(old).find((other) => other.part === part)?.file;
    return html`<tr><td><a href="${formatAddress({ type: 'entry', version, name: file.name })}">${file.name}</a><br><span class="digest"><span class="hidden">SHA-256 </span>${file.sha256}</span></td><td class="num">${formatSize(file.size)}</td><td class="num">${former === undefined ? html`<span class="hint">new</span>` : changeOf(former.size, file.size)}</td></tr>`;
  })}</tbody></table></div>
<div><h3>Boot tests</h3>${evidence(boot, image)}</div></div></section>`;
}

/** By how much a size changed, such as `+3 MiB, 1 %`. */
export function changeOf(before: number, now: number): string {
  if (before === now) return 'same';
  const sign = now > before ? '+' : '−';
  const percent = (Math.abs(now - before) / before) * 100;
  return `${sign}${formatSize(Math.abs(now - before))}, ${percent < 1 ? percent.toFixed(1) : Math.round(percent)} %`;
}

function checkLines({ manifest: { version }, publicKey, origin }: ReleaseFacts): string[] {
  const url = (name: 'SHA256SUMS' | 'SHA256SUMS.minisig') =>
    `${origin}${formatAddress({ type: 'entry', version, name })}`;
  return publicKey === undefined
    ? [`curl -fLO ${url('SHA256SUMS')}`, 'sha256sum -c --ignore-missing SHA256SUMS']
    : [
        `curl -fLO ${url('SHA256SUMS')} -O ${url('SHA256SUMS.minisig')}`,
        `minisign -Vm SHA256SUMS -P ${publicKey} && sha256sum -c --ignore-missing SHA256SUMS`,
      ];
}
