import type { Unknown } from '@nixos-images/shared';
import type { Subject } from './answers/answer.ts';
import type { Reading } from './catalog.ts';
import type { ByteRange } from './http/range.ts';

/** What is noted of a request while it is answered. */
export interface Notes {
  /** The path that was asked for, percent escapes and all. */
  readonly path: string;
  catalog?: Reading['state'];
  subject?: Subject | undefined;
  /** Which bytes of the answer are sent. */
  sent?: ByteRange | undefined;
  /** Why something failed, for the operator only. */
  fault?: string;
  /** What the catalog says that this edge does not know. */
  unknown?: readonly Unknown[];
}

/** One line of JSON a request: what it got, and no trace of who asked. */
export function logLine(request: Request, response: Response, notes: Notes): string {
  const { path, subject, catalog, fault } = notes;
  return JSON.stringify({
    method: request.method,
    // A hash is for whoever boots the link, and for nobody who reads logs.
    path: path.replace(/(password(?::|%3A))[\w=-]+/gi, '$1-').slice(0, 300),
    status: response.status,
    bytes: notes.sent?.length ?? 0,
    catalog,
    // One by one: an object of the same shape every time is written faster than one that is put together.
    kind: subject?.kind,
    arch: subject?.arch,
    variant: subject?.variant,
    channel: subject?.channel,
    version: subject?.version,
    part: subject?.part,
    view: subject?.view,
    fault,
    unknown: notes.unknown?.length ? notes.unknown.slice(0, 5).map(({ path, why }) => `${path}: ${why}`) : undefined,
  });
}

/** Counts a download: an answer that sends a file of an image from its start. Resumed and split ones count once. */
export function countDownload(dataset: AnalyticsEngineDataset | undefined, { subject, sent }: Notes): void {
  if (dataset === undefined || subject?.view !== 'itself' || sent?.offset !== 0) return;
  const { kind, arch, variant, channel, version, part } = subject;
  dataset.writeDataPoint({
    indexes: [`${kind}-${arch}-${variant}-${channel}`],
    blobs: [kind, arch, variant, channel, version, part],
    doubles: [1, sent.length],
  });
}
