import { type Catalog, channelsOf } from '@nixos-images/shared';
import { CatalogHolder, type Reading } from '../catalog.ts';
import { CORS, JSON_TYPE } from '../http/representation.ts';
import type { Bindings, Settings } from '../settings.ts';
import type { Health } from './descriptions.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Answers `/healthz` with a look of its own at the bucket: a held catalog would hide that it cannot be read. */
export async function respondHealth(request: Request, { BUCKET }: Bindings, settings: Settings): Promise<Response> {
  const now = { CATALOG_FRESH_SECONDS: 0, CATALOG_WAIT_SECONDS: 0, CATALOG_STALE_SECONDS: 0 };
  const reading = await new CatalogHolder().read(BUCKET, now, () => {});
  const health = healthOf(reading, Date.now(), settings.CHANNEL_LIMIT_DAYS);
  return new Response(request.method === 'HEAD' ? null : JSON.stringify(health), {
    status: health.healthy ? 200 : 503,
    headers: { ...CORS, 'Content-Type': JSON_TYPE, 'Cache-Control': 'no-store' },
  });
}

/** Judges a reading of the catalog. @param now milliseconds since 1970. @param limitDays oldest healthy release of a live channel. */
function healthOf({ state, snapshot }: Reading, now: number, limitDays: number): Health {
  if (state === 'empty') {
    return { healthy: false, bucket: 'empty', reasons: ['Nothing is published here yet.'], channels: [] };
  }
  const channels = snapshot === undefined ? [] : agesOf(snapshot.catalog, now);
  const reachable = state === 'held' || state === 'read';
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

function agesOf(catalog: Catalog, now: number): Health['channels'] {
  return channelsOf(catalog).flatMap((channel) => {
    const entry = catalog.channels[channel];
    if (entry === undefined) return [];
    const ageDays = Math.round(((now - Date.parse(entry.promoted)) / DAY) * 100) / 100;
    return [{ channel, version: entry.current.version, status: entry.state.status, promoted: entry.promoted, ageDays }];
  });
}
