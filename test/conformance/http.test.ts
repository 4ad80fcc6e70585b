import { Agent } from 'node:http';
import { blobKey } from '@nixos-images/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DIFFERENCES } from './differences.ts';
import { type Nginx, startNginx } from './nginx.ts';
import { type RawResponse, send } from './raw-request.ts';
import { type Case, cases, requestFor, type Validators } from './requests.ts';
import { type ServedRelease, serveRelease } from './served-release.ts';

// A connection each: nginx closes some of its own accord, and a request sent just then would fail.
const agent = new Agent({ keepAlive: false });

/** What a client acts upon; the same for both servers unless a difference is justified. */
function essence({ status, headers, body }: RawResponse, method: string) {
  const carries = status === 200 || status === 206;
  return {
    status,
    ...(carries ? { length: headers['content-length'], modified: headers['last-modified'] } : {}),
    ...(status === 304 ? { length: headers['content-length'], body: body.length } : {}),
    // A 206 shows by itself that ranges work.
    ...(status === 200 ? { ranges: headers['accept-ranges'] } : {}),
    contentRange: headers['content-range'],
    allow: headers.allow,
    ...(carries && method === 'GET' ? { body: body.toString('base64') } : {}),
    ...(method === 'HEAD' ? { body: body.length } : {}),
  };
}

describe('the edge and nginx', () => {
  let served: ServedRelease;
  let nginx: Nginx;
  let paths: string[];

  beforeAll(async () => {
    served = await serveRelease();
    const { manifest, objects } = served.release;
    const image = manifest.images.find(
      ({ kind, arch, variant }) => kind === 'kexec' && arch === 'x86_64' && variant === 'noninteractive',
    );
    if (image?.kind !== 'kexec') throw new Error('the sample release has no such image');
    const { name, sha256 } = image.files.tarball;
    const bytes = objects.get(blobKey(sha256)) ?? new Uint8Array();
    const published = Date.parse(manifest.published);
    // An address that floats began to give this release with its promotion.
    const promoted = published + 60_000;
    paths = ['/kexec/x86_64.tar.gz', `/releases/${manifest.version}/${name}`];
    nginx = await startNginx(
      paths.map((path, index) => ({ path, bytes, modified: index === 0 ? promoted : published })),
    );
  });
  afterAll(async () => {
    agent.destroy();
    await nginx.stop();
    await served.stop();
  });

  const validatorsOf = async (origin: string): Promise<Validators> => {
    const { headers } = await send(origin, { method: 'HEAD', path: paths[0] ?? '/', headers: {} }, agent);
    return { etag: headers.etag ?? '', modified: headers['last-modified'] ?? '' };
  };

  it('answer alike, but for the differences that are justified', async () => {
    const edgeUrl = served.localEdge.url;
    const [ofEdge, ofNginx] = [await validatorsOf(edgeUrl), await validatorsOf(nginx.url)];
    const explained = new Map(DIFFERENCES.map((difference) => [difference, 0]));
    const unexplained: string[] = [];
    const all = cases(paths, 10_000);
    let alike = 0;
    const compare = async (request: Case): Promise<void> => {
      const [edge, oracle] = await Promise.all([
        send(edgeUrl, requestFor(request, ofEdge), agent),
        send(nginx.url, requestFor(request, ofNginx), agent),
      ]);
      const [a, b] = [essence(edge, request.method), essence(oracle, request.method)];
      if (JSON.stringify(a) === JSON.stringify(b)) {
        alike += 1;
        return;
      }
      const difference = DIFFERENCES.find(({ explains }) => explains(request, edge, oracle));
      if (difference !== undefined) explained.set(difference, (explained.get(difference) ?? 0) + 1);
      else
        unexplained.push(
          JSON.stringify({ ...request, condition: request.condition.name, edge: shorten(a), nginx: shorten(b) }),
        );
    };
    for (const request of all) await compare(request);
    const lines = [...explained].map(
      ([{ because, rfc }, count]) => `${String(count).padStart(5)}  ${because} (${rfc})`,
    );
    console.log([`${all.length} requests, ${alike} answered alike; justified differences:`, ...lines].join('\n'));
    expect(all.length).toBeGreaterThanOrEqual(500);
    expect(unexplained).toEqual([]);
    expect([...explained].filter(([, count]) => count === 0).map(([{ because }]) => because)).toEqual([]);
  });
});

function shorten(essence: object): object {
  return 'body' in essence ? { ...essence, body: String(essence.body).slice(0, 40) } : essence;
}
