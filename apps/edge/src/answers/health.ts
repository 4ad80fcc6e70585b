import {
  ageInDays,
  blobKey,
  type Catalog,
  type CatalogChannel,
  channelsOf,
  type File,
  filesOf,
  isStale,
  stagedChannels,
  type Unknown,
} from '@nixos-images/shared';
import { CatalogHolder, type Reading } from '../catalog.ts';
import { type BlobChecks, type Blobs, BlobUnavailable, blobsOf } from '../http/blobs.ts';
import { CORS, JSON_TYPE } from '../http/representation.ts';
import type { Bindings, Settings } from '../settings.ts';
import type { Health } from './descriptions.ts';

const MINUTE = 60_000;

/** Answers `/healthz` with a look of its own at the bucket: a held catalog would hide that it cannot be read. */
export async function respondHealth(
  request: Request,
  { BUCKET }: Bindings,
  settings: Settings,
  checks: BlobChecks,
): Promise<Response> {
  const now = { CATALOG_FRESH_SECONDS: 0, CATALOG_WAIT_SECONDS: 0, CATALOG_STALE_SECONDS: 0 };
  const reading = await new CatalogHolder().read(BUCKET, now, () => {});
  const { snapshot } = reading;
  const blobs = blobsOf(BUCKET, settings.BLOB_ORIGIN, checks);
  const faults = snapshot === undefined ? [] : await blobFaults(snapshot.catalog, blobs, checks);
  const health = healthOf(reading, faults, Date.now(), settings.CHANNEL_LIMIT_DAYS);
  return new Response(request.method === 'HEAD' ? null : JSON.stringify(health), {
    status: health.healthy ? 200 : 503,
    headers: { ...CORS, 'Content-Type': JSON_TYPE, 'Cache-Control': 'no-store' },
  });
}

/** Judges a reading of the catalog. @param now milliseconds since 1970. @param limitDays oldest healthy release of a live channel. */
function healthOf(reading: Reading, faults: readonly string[], now: number, limitDays: number): Health {
  const { state, snapshot } = reading;
  if (snapshot === undefined) {
    if (state === 'empty') return unhealthy('empty', 'Nothing is published here yet.');
    const why = 'error' in reading && reading.error instanceof Error ? reading.error.message : '';
    return state === 'unreadable'
      ? unhealthy('unreadable', `This edge does not understand the catalog: ${why}.`)
      : unhealthy('unreachable', 'The bucket cannot be read.');
  }
  const channels = agesOf(snapshot.catalog, now);
  const reasons = [
    ...(channels.length === 0 ? ['The catalog has no channel, so there is nothing to download.'] : []),
    ...snapshot.unknown.filter(({ leftOut }) => leftOut).map(unknownReason),
    ...faults,
    ...stagedChannels(snapshot.catalog, now)
      .filter(({ entry }) => isStale(entry, new Date(now), limitDays))
      .map(({ channel, entry }) => {
        const days = Math.floor(ageInDays(entry, new Date(now)));
        return `${channel} had no release for ${days} days; the limit is ${limitDays}.`;
      }),
  ];
  return { healthy: reasons.length === 0, bucket: 'reachable', reasons, channels };
}

function unhealthy(bucket: Health['bucket'], reason: string): Health {
  return { healthy: false, bucket, reasons: [reason], channels: [] };
}

function unknownReason({ path, why }: Unknown): string {
  return `The catalog says something at ${path} that this edge does not know and goes without (${why}): deploy a newer edge.`;
}

/** What is wrong with the files of the live channels: of each the first byte of one file is read, of another one every minute. */
async function blobFaults(catalog: Catalog, blobs: Blobs, checks: BlobChecks): Promise<string[]> {
  const faults = await Promise.all(
    channelsOf(catalog).map(async (channel) => {
      const entry = catalog.channels[channel];
      if (entry === undefined || entry.state.status !== 'live') return undefined;
      const file = fileOfTheMinute(entry);
      if (file === undefined) return undefined;
      const check = await checks.recall(blobKey(file.sha256), () => readFirstByte(file, blobs));
      if (check === 'fine') return undefined;
      const why = check.why === 'absent' ? 'is not in the bucket as its manifest describes it' : 'cannot be reached';
      return `${channel} cannot be downloaded: ${file.name} ${why}.`;
    }),
  );
  return faults.filter((fault) => fault !== undefined);
}

function fileOfTheMinute({ current }: CatalogChannel): File | undefined {
  const files = current.images.flatMap(filesOf).map(({ file }) => file);
  return files[Math.floor(Date.now() / MINUTE) % files.length];
}

async function readFirstByte({ sha256, size }: File, blobs: Blobs): Promise<BlobUnavailable | 'fine'> {
  if (size === 0) return 'fine';
  try {
    const range = { offset: 0, length: 1 };
    const stream = await blobs.open({ from: 'blob', key: blobKey(sha256), size, range });
    await stream.cancel();
    return 'fine';
  } catch (error) {
    if (error instanceof BlobUnavailable) return error;
    throw error;
  }
}

function agesOf(catalog: Catalog, now: number): Health['channels'] {
  return stagedChannels(catalog, now).map(({ channel, stage, entry: { current, state, promoted } }) => {
    const ageDays = Math.round(ageInDays({ promoted }, new Date(now)) * 100) / 100;
    return { channel, version: current.version, stage, status: state.status, promoted, ageDays };
  });
}
