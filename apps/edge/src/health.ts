import { type Catalog, channelsOf } from '@nixos-images/shared';
import type { Reading } from './bucket/catalog-holder.ts';
import type { Health } from './resolve/descriptions.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Judges a fresh reading of the catalog. @param now milliseconds since 1970. @param limitDays oldest healthy release of a live channel. */
export function healthOf(reading: Reading, now: number, limitDays: number): Health {
  if (reading.state === 'empty') {
    return { healthy: false, bucket: 'empty', reasons: ['Nothing is published here yet.'], channels: [] };
  }
  const catalog = 'snapshot' in reading ? reading.snapshot.catalog : undefined;
  const channels = catalog === undefined ? [] : ages(catalog, now);
  const reachable = reading.state === 'held' || reading.state === 'read';
  const reasons = [
    ...(reachable ? [] : ['The bucket cannot be read.']),
    ...channels
      .filter(({ status, ageDays }) => status === 'live' && ageDays > limitDays)
      .map(
        ({ channel, ageDays }) =>
          `${channel} had no release for ${Math.floor(ageDays)} days; the limit is ${limitDays}.`,
      ),
  ];
  return { healthy: reasons.length === 0, bucket: reachable ? 'reachable' : 'unreachable', reasons, channels };
}

function ages(catalog: Catalog, now: number): Health['channels'] {
  return channelsOf(catalog).flatMap((channel) => {
    const entry = catalog.channels[channel];
    if (entry === undefined) return [];
    const ageDays = Math.round(((now - Date.parse(entry.promoted)) / DAY) * 100) / 100;
    return [{ channel, version: entry.current.version, status: entry.state.status, promoted: entry.promoted, ageDays }];
  });
}
