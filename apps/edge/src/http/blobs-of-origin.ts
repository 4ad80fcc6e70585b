import { blobKey } from '@nixos-images/shared';
import { BlobUnavailable, type OpenBlob, twice } from './blobs.ts';
import { contentRange } from './range.ts';

/** Reads blobs from a web server that has the bucket's keys as paths, such as the bucket's own domain behind a CDN cache. */
export function blobsOfOrigin(origin: string, fetcher: typeof fetch): OpenBlob {
  return async ({ sha256, size, range }) => {
    const url = `${origin}/${blobKey(sha256)}`;
    const whole = range.length === size;
    const headers = new Headers({ 'Accept-Encoding': 'identity' });
    if (!whole) headers.set('Range', `bytes=${range.offset}-${range.offset + range.length - 1}`);
    const response = await twice(() => fetcher(url, { headers })).catch((error: unknown) => {
      throw new BlobUnavailable('unreachable', `${url}: ${String(error)}`);
    });
    const right = whole
      ? response.status === 200 && response.headers.get('Content-Length') === String(size)
      : response.status === 206 && response.headers.get('Content-Range') === contentRange(range, size);
    if (right && response.body !== null) return response.body.pipeThrough(new FixedLengthStream(range.length));
    await response.body?.cancel();
    throw new BlobUnavailable(
      response.status >= 500 || response.status === 429 ? 'unreachable' : 'absent',
      `${url} answered ${response.status}, ${response.headers.get('Content-Range') ?? 'no Content-Range'}`,
    );
  };
}
