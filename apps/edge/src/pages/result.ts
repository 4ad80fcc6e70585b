import {
  filesOf,
  formatAddress,
  formatCustomisation,
  formatMemory,
  imageAddress,
  memoryNeeded,
} from '@nixos-images/shared';
import { html, raw } from 'hono/html';
import type { Field } from './choice.ts';
import { type Evidence, evidence } from './evidence.ts';
import type { Found, Guide, OfferedStep } from './guide.ts';
import type { Html } from './layout.ts';
import { qrCode } from './qr-code.ts';
import { formatSize } from './releases.ts';

/** What the choice leads to: the line, or what is wrong. */
export function result(guide: Guide): Html {
  const { found, faults } = guide;
  const first = found && firstOf(found);
  return html`<section id="result" data-live tabindex="-1" aria-labelledby="result-title">${
    found === undefined || first === undefined ? faultList(faults) : way(guide, found, first)
  }</section>`;
}

/** Below it: the other ways, and what there is to know of the image. */
export function aboutResult(guide: Guide): Html {
  const { found } = guide;
  const first = found && firstOf(found);
  if (found === undefined || first === undefined) return html`<div id="about" data-live></div>`;
  const others = found.steps.filter((step) => step !== first);
  return html`<div id="about" data-live>
${
  others.length === 0
    ? ''
    : html`<section class="ways"><h2>Other ways with the same</h2><div>${others.map(
        (step, index) => html`<div><h3>${step.way.title}</h3>${stepLine(step, index + 1)}</div>`,
      )}</div></section>`
}
<section><h2>What it fetches</h2>${facts(found)}</section>
<section><h2>Boot tests of this very image</h2>${evidence(found.boot, found.image)}${toolsOf(found.boot)}</section>
<section class="check"><h2>Check it yourself</h2>${check(guide, found, first)}</section>
</div>`;
}

/** The first way that the machine can take, or the first of all. */
function firstOf({ steps }: Found): OfferedStep | undefined {
  return steps.find(({ hindrance }) => hindrance === undefined) ?? steps[0];
}

/** Fields that are several controls: a link goes to the sentence. */
const WITHOUT_CONTROL: readonly Field[] = ['have', 'arch', 'variant'];

function faultList(faults: Guide['faults']): Html {
  return html`<div class="warn" role="alert"><h2 id="result-title">There is no line yet</h2>
<ul>${faults.map(
    ({ field, sentence }) =>
      html`<li><a href="#${field}${WITHOUT_CONTROL.includes(field) ? '-fault' : ''}">${sentence}</a></li>`,
  )}</ul></div>`;
}

function way(guide: Guide, found: Found, first: OfferedStep): Html {
  const code = first.hindrance === undefined ? qrCode(first.line, 'QR code of the line') : undefined;
  return html`<h2 id="result-title">${first.way.title}</h2>
${found.shortage === undefined ? '' : html`<p class="warn" role="note" id="shortage">${found.shortage}</p>`}
${stepLine(first, 0)}
${notice(guide, found)}
${code === undefined ? '' : html`<div class="code"><p class="hint">The line as a QR code, to carry it to another device.</p>${code}</div>`}`;
}

function stepLine({ way, line, hindrance }: OfferedStep, index: number): Html {
  if (hindrance !== undefined) return html`<p class="warn" role="note">${hindrance}</p>`;
  return html`<p class="where">${way.where}</p>
<div class="line"><pre id="line-${index}">${breakable(line)}</pre><button type="button"${index === 0 ? '' : html` class="plain"`} data-copy="line-${index}" aria-label="Copy: ${way.title}" hidden>Copy</button></div>`;
}

/** A line that a narrow page breaks behind a slash, if it must. What is copied is the line alone. */
function breakable(line: string): Html {
  return html`${line.split(/(?<=\w\/)(?=\w)/).map((piece, index) => html`${index === 0 ? '' : raw('<wbr>')}${piece}`)}`;
}

/** Such a link installs somebody's key: it must be seen whose. */
function notice({ filled: { choice } }: Guide, { keys }: Found): Html | '' {
  const { customisation } = choice;
  if (customisation === undefined) return '';
  const { accounts, hostname, passwordHash, cmdline } = customisation;
  const who = [
    ...accounts.map(
      ({ forge, user }) =>
        html`<li>the keys of ${forge}:${user}${forge === 'github' ? html` (<a href="https://github.com/${user}.keys">see them</a>)` : ''}</li>`,
    ),
    ...keys.map(({ type, fingerprint, comment }) => html`<li><code>${type} ${fingerprint}</code> ${comment}</li>`),
    ...(passwordHash === undefined ? [] : [html`<li>whoever knows the password</li>`]),
  ];
  const rest = [hostname && `host name ${hostname}`, cmdline && `kernel parameters ${cmdline}`].filter(Boolean);
  return html`<div class="note">${who.length === 0 ? '' : html`<p>Whoever boots this link lets in as root:</p><ul>${who}</ul>`}${
    rest.length === 0 ? '' : html`<p>It sets ${rest.join(', ')}.</p>`
  }</div>`;
}

function facts({ manifest, image }: Found): Html {
  const { version, channel, smoke, published } = manifest;
  const memory = memoryNeeded(image);
  const pinned = imageAddress(image, { ref: version });
  return html`<dl>
<dt>Release</dt><dd><a href="${formatAddress({ type: 'release', version })}">${version}</a> of ${channel}, ${published.slice(0, 10)}${smoke ? ', SMOKE IMAGE: not NixOS' : ''}</dd>
<dt>Image</dt><dd>${image.kind}, ${image.arch}, ${image.variant}${image.origin.from === 'nix' ? `, Linux ${image.origin.kernelVersion}` : ''}</dd>
${memory === undefined ? '' : html`<dt>Memory</dt><dd>${formatMemory(memory)} or more</dd>`}
${filesOf(image).map(
  ({ role, file }) =>
    html`<dt>${role}</dt><dd>${formatSize(file.size)}<br><span class="digest"><span class="hidden">SHA-256 </span>${file.sha256}</span></dd>`,
)}
<dt>Pinned</dt><dd><a href="${pinned}">${pinned}</a> <span class="hint">the same bytes for ever</span></dd>
</dl>`;
}

function toolsOf(boot: Evidence): Html | '' {
  if (boot === undefined || boot === 'unreadable' || boot.gate === 'skipped') return '';
  const tools = Object.entries(boot.tools).map(([name, version]) => `${name} ${version}`);
  return html`<p class="hint">${boot.time.slice(0, 10)}, in emulated machines, to a login over SSH. ${tools.join(', ')}</p>`;
}

function check({ origin, filled: { choice } }: Guide, found: Found, { way, address }: OfferedStep): Html {
  const { manifest, image, signedBy } = found;
  const { customisation } = choice;
  const names = [
    ...filesOf(image).map(({ file }) => file.name),
    'SHA256SUMS',
    ...(signedBy === undefined || signedBy === 'unreadable' ? [] : ['SHA256SUMS.minisig']),
  ];
  const files = [
    `release=${origin}${formatAddress({ type: 'release', version: manifest.version }).replace(/\/$/, '')}`,
    `curl -fL ${names.map((name) => `-O $release/${name}`).join(' ')}`,
    ...(signedBy === undefined || signedBy === 'unreadable' ? [] : [`minisign -Vm SHA256SUMS -P ${signedBy} &&`]),
    'sha256sum -c --ignore-missing SHA256SUMS',
  ];
  const script = way.name.startsWith('kexec-script')
    ? html`<p>The script holds the digests and compares before it runs anything. Read it: <a href="${address}">${customisation === undefined ? address : 'the script'}</a></p>`
    : '';
  const customised =
    customisation === undefined
      ? ''
      : html`<p>What the link adds, and a command that gives the digest of the rest: <a href="/with/${formatCustomisation(customisation)}${imageAddress(image, { ref: manifest.version, view: 'json' })}">the link’s .json</a></p>`;
  return html`${script}${customised}<pre>${files.join('\n')}</pre>${
    signedBy === undefined ? html`<p class="hint">This release is not signed.</p>` : ''
  }`;
}
