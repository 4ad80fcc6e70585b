import {
  ageInDays,
  type CatalogStage,
  formatAddress,
  formatKexecScriptAddress,
  isStale,
  namesOf,
  type StagedChannel,
} from '@nixos-images/shared';
import { html } from 'hono/html';
import { type Html, layout, SMOKE_NOTICE } from './layout.ts';

/** What a channel's page tells. */
export interface ChannelFacts extends CatalogStage {
  /** Every name that means the channel. */
  readonly names: readonly string[];
  readonly now: Date;
  readonly limitDays: number;
}

/** The names by which addresses mean a channel. */
export function namesFor<Entry extends StagedChannel>(
  { channel }: StagedChannel,
  channels: readonly Entry[],
  meant: (name: string) => Entry | undefined,
): string[] {
  return [...namesOf(channels).filter((name) => meant(name)?.channel === channel), channel];
}

/** `/channels/<channel>` for a terminal. */
export function channelText(facts: ChannelFacts): string {
  const { channel, stage, entry } = facts;
  return [
    `${channel}  ${stage}  ${stateOf(facts)}`,
    `in addresses: ${facts.names.map((name) => `@${name}`).join(' ')}`,
    ...historyOf(facts).map(
      ({ version, promoted }, index) =>
        `${formatAddress({ type: 'release', version })}  ${promoted.slice(0, 10)}${index === 0 ? '  current' : ''}`,
    ),
    ...(entry.current.smoke ? [SMOKE_NOTICE] : []),
    '',
  ].join('\n');
}

/** `/channels/<channel>` for a browser. */
export function channelPage(facts: ChannelFacts): Html {
  const { channel, stage, entry, names } = facts;
  const { current } = entry;
  const size = current.images.length;
  return layout(
    `Channel ${channel}`,
    html`<h1>${channel}</h1>
<p class="lead"><b class="stage">${stage}</b>. ${stateOf(facts)}</p>
${current.smoke ? html`<p class="warn" role="note">${SMOKE_NOTICE}</p>` : ''}
<p>Addresses mean it by ${names.map((name, index) => html`${index === 0 ? '' : ', '}<code>@${name}</code>`)}, as in <code>${formatKexecScriptAddress({ ref: channel, variant: undefined, view: 'itself' })}</code>. <a href="/?channel=${channel}">Make the line</a> for one of its ${size} images.</p>
<h2>History</h2>
<div class="table"><table><thead><tr><th>Release</th><th>Published</th><th>The channel’s since</th><th>State</th></tr></thead>
<tbody>${historyOf(facts).map(
      ({ version, published, promoted }, index) => html`<tr>
<td><a href="${formatAddress({ type: 'release', version })}">${version}</a></td><td>${published.slice(0, 10)}</td><td>${promoted.slice(0, 10)}</td><td>${index === 0 ? 'current' : 'former'}</td></tr>`,
    )}</tbody></table></div>
<p class="hint">Promotions also stand in the <a href="/feed.atom">feed</a>. <a href="/healthz">Health</a> says when a channel is late.</p>`,
  );
}

function historyOf({ entry: { current, promoted, former } }: ChannelFacts) {
  return [{ version: current.version, published: current.published, promoted }, ...former];
}

/** What to know of a channel before one takes it, in the operator's words, fit for a terminal. */
function stateOf({ stage, entry, now, limitDays }: ChannelFacts): string {
  const { state } = entry;
  if (state.status === 'frozen') {
    const until = state.sunset === undefined ? '' : ` It is served until ${state.sunset.slice(0, 10)}.`;
    return `It gets no more releases since ${state.since.slice(0, 10)}: ${state.reason.replace(/[^ -~]/g, '').replace(/\.$/, '')}.${until}`;
  }
  const days = Math.floor(ageInDays(entry, now));
  const age = days < 1 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`;
  const late = isStale(entry, now, limitDays) ? ` That is longer than ${limitDays} days: something is late.` : '';
  return `${stage === 'beta' ? 'Not released by upstream yet. ' : ''}It moved to its release ${age}.${late}`;
}
