import { type Arch, formatMemory, purposeOf } from '@nixos-images/shared';
import { html } from 'hono/html';
import { HAVES, type Have } from '../ways/way.ts';
import { type Field, MEMORIES } from './choice.ts';
import type { Guide, VariantOption } from './guide.ts';
import type { Html } from './layout.ts';
import { formatSize } from './releases.ts';
import type { ChannelSummary } from './site.ts';

const HAVE_WORDS: Readonly<Record<Have, { readonly title: string; readonly hint: string }>> = {
  linux: { title: 'A running Linux', hint: 'Any system or rescue system that you can log into' },
  stick: { title: 'A USB stick', hint: 'Or a CD, and a screen at the machine' },
  console: { title: 'A remote console', hint: 'With virtual media: iDRAC, iLO, IPMI, a KVM' },
  network: { title: 'A network that boots', hint: 'Your own DHCP server, or GRUB' },
  ipxe: { title: 'An iPXE prompt', hint: 'In the network card, or your hoster’s' },
};

const ARCH_WORDS: Readonly<Record<Arch, string>> = { x86_64: 'Intel or AMD, 64 bits', aarch64: 'ARM, 64 bits' };

/** The form of the front page. It works without its script: the choice is in the page's address. */
export function choiceForm(guide: Guide, channels: readonly ChannelSummary[]): Html {
  const { filled, haves, arches, customisedOrigin } = guide;
  const { given, choice } = filled;
  return html`<form action="/#result" method="get" novalidate>
<fieldset><legend>What do you have?</legend>
${faultOf(guide, 'have')}
<div class="cards">${HAVES.map(
    (
      have,
    ) => html`<label class="card"><input type="radio" name="have" value="${have}"${have === choice.have ? ' checked' : ''}${haves.includes(have) ? '' : ' disabled'}>
<span><b>${HAVE_WORDS[have].title}</b><small>${haves.includes(have) ? HAVE_WORDS[have].hint : 'No image for this is published here'}</small></span></label>`,
  )}</div></fieldset>
<fieldset><legend>Which machine?</legend>
<div class="row">
<div role="radiogroup" aria-label="Architecture"${attributes(guide, 'arch')}>${faultOf(guide, 'arch')}
<div class="cards two">${arches.map(
    (
      arch,
    ) => html`<label class="card"><input type="radio" name="arch" value="${arch}"${arch === choice.arch ? ' checked' : ''}>
<span><b>${arch}</b><small>${ARCH_WORDS[arch]}</small></span></label>`,
  )}</div></div>
<div class="pair">
${select(guide, 'firmware', 'Firmware', [
  ['', 'I do not know'],
  ['uefi', 'UEFI'],
  ['bios', 'BIOS'],
])}
${select(guide, 'memory', 'Memory', [['', 'I do not know'], ...MEMORIES.map((memory) => [`${memory}`, formatMemory(memory)] as const)])}
</div></div></fieldset>
<fieldset><legend>Which release?</legend>
${select(guide, 'channel', 'Channel', channelOptions(channels, given.channel))}
<div id="variants" data-live role="radiogroup" aria-label="Variant"${attributes(guide, 'variant')}>${faultOf(guide, 'variant')}${variantCards(guide)}</div></fieldset>
<fieldset${customisedOrigin === undefined ? ' disabled' : ''}><legend>Who may log in?</legend>
<p class="hint">${
    customisedOrigin === undefined
      ? 'Links with somebody’s keys in them are not served here.'
      : 'As root, over SSH, from the first second. From a running Linux the keys that may log in there are taken along anyway; elsewhere, without a key here, only who sits at the screen gets in.'
  }</p>
${input(guide, 'github', 'Accounts', html`Of GitHub, by their public keys there. Of others with the place in front: <code>gitlab:bob</code>, <code>codeberg:…</code>, <code>sourcehut:…</code>`, 'alice, bob')}
<div class="field"><label for="key">Public keys</label>
<p class="hint" id="key-hint">Lines of a .pub file: <code>cat ~/.ssh/id_ed25519.pub</code></p>
${faultOf(guide, 'key')}
<textarea id="key" name="key" rows="2" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="ssh-ed25519 AAAA… alice@example.org"${attributes(guide, 'key', 'key-hint')}>${given.key}</textarea></div></fieldset>
<details${isOpen(guide) ? ' open' : ''}><summary>Host name, fixed address, password, kernel parameters</summary>
<fieldset${customisedOrigin === undefined ? ' disabled' : ''}>
${input(guide, 'hostname', 'Host name', undefined, 'web-1')}
<div class="pair">
${input(guide, 'address', 'Address, where there is no DHCP', undefined, '192.0.2.10/24')}
${input(guide, 'gateway', 'Gateway', undefined, '192.0.2.1')}
${input(guide, 'nameserver', 'Name servers', undefined, '192.0.2.1')}
${input(guide, 'port', 'Network port', undefined, 'every one')}
</div>
<p class="hint">A running Linux’s network is taken along by itself.</p>
${input(guide, 'password', 'Password of root, as a hash', html`What <code>mkpasswd -m yescrypt</code> prints. It stands in the link for all to try passwords on: a key is better.`, '$y$j9T$…')}
${input(guide, 'cmdline', 'More kernel parameters', html`On an ISO only those of the network and <code>live.nixos.…</code> count.`, 'console=ttyS1,115200')}
</fieldset></details>
<p class="submit"><button id="submit">Make the line</button></p>
<a class="jump" href="#result">To the line</a>
</form>`;
}

function channelOptions(channels: readonly ChannelSummary[], given: string): (readonly [string, string])[] {
  const [newest, ...others] = channels;
  const offered = [
    ...(newest === undefined ? [] : [['', `Newest stable: ${wordsFor(newest)}`] as const]),
    ...others.map((summary) => [nameOf(summary), wordsFor(summary)] as const),
  ];
  // A version, or another name of one of these.
  return given === '' || offered.some(([value]) => value === given) ? offered : [...offered, [given, given]];
}

function nameOf({ channel, aliases }: ChannelSummary): string {
  return aliases.at(-1) ?? channel;
}

function wordsFor({ channel, manifest, remark }: ChannelSummary): string {
  return `${channel}, ${manifest.version}${remark === undefined ? '' : ` (${remark})`}`;
}

function variantCards({ variants, filled: { choice } }: Guide): Html {
  const chosen = ({ image, byDefault }: VariantOption) =>
    choice.variant === undefined ? byDefault : choice.variant === image.variant;
  return html`<div class="cards two">${variants.map((option) => {
    const { image, byDefault, size, memory } = option;
    const tight = memory !== undefined && choice.memory !== undefined && memory > choice.memory;
    return html`<label class="card"><input type="radio" name="variant" value="${byDefault ? '' : image.variant}"${chosen(option) ? ' checked' : ''}>
<span><b>${image.variant}</b><small>${purposeOf(image.variant) ?? ''}</small><small>${formatSize(size)}${memory === undefined ? '' : html`, ${tight ? html`<strong>needs ${formatMemory(memory)} of memory</strong>` : `needs ${formatMemory(memory)} of memory`}`}</small></span></label>`;
  })}</div>`;
}

/** Whether something stands in a field that is folded away. */
function isOpen({ filled: { given } }: Guide): boolean {
  return [
    given.hostname,
    given.address,
    given.gateway,
    given.nameserver,
    given.port,
    given.password,
    given.cmdline,
  ].some((text) => text !== '');
}

function input(guide: Guide, field: Field, label: string, hint: Html | undefined, example: string): Html {
  const { given } = guide.filled;
  return html`<div class="field"><label for="${field}">${label}</label>
${hint === undefined ? '' : html`<p class="hint" id="${field}-hint">${hint}</p>`}
${faultOf(guide, field)}
<input id="${field}" name="${field}" value="${given[field]}" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="${example}"${attributes(guide, field, hint && `${field}-hint`)}></div>`;
}

function select(guide: Guide, field: Field, label: string, options: readonly (readonly [string, string])[]): Html {
  const given = guide.filled.given[field];
  return html`<div class="field"><label for="${field}">${label}</label>${faultOf(guide, field)}
<select id="${field}" name="${field}"${attributes(guide, field)}>${options.map(
    ([value, words]) => html`<option value="${value}"${value === given ? ' selected' : ''}>${words}</option>`,
  )}</select></div>`;
}

/** What is wrong with a field, said at the field. The paragraph is there when nothing is wrong, too: the script fills it. */
function faultOf({ faults }: Guide, field: Field): Html {
  const ofField = faults.filter((fault) => fault.field === field);
  return html`<p class="fault" id="${field}-fault" tabindex="-1" data-live>${ofField.map(({ sentence }) => sentence).join(' ')}</p>`;
}

/** What ties a control to the sentences about it. */
function attributes({ faults }: Guide, field: Field, hint?: string): Html {
  const wrong = faults.some((fault) => fault.field === field);
  const about = [...(wrong ? [`${field}-fault`] : []), ...(hint === undefined ? [] : [hint])];
  return html`${wrong ? html` aria-invalid="true"` : ''}${about.length === 0 ? '' : html` aria-describedby="${about.join(' ')}"`}`;
}
