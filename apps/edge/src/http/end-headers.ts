import type { ChannelState } from '@nixos-images/shared';
import { formatHttpDate } from './date.ts';

/**
 * The headers of an answer from a channel that upstream ended: since when (RFC 9745) and, if that is known, until when it is
 * served (RFC 8594). None for a live channel.
 */
export function endHeaders(state: ChannelState): [name: string, value: string][] {
  if (state.status !== 'frozen') return [];
  const since = Math.floor(Date.parse(state.since) / 1000);
  return [
    ['Deprecation', `@${since}`],
    ...(state.sunset === undefined ? [] : [['Sunset', formatHttpDate(Date.parse(state.sunset))] as [string, string]]),
  ];
}
