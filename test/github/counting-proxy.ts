import { createServer, request } from 'node:http';

/** What R2 bills a request as (https://developers.cloudflare.com/r2/pricing/). */
export type OperationClass = 'A' | 'B' | 'free';

/** The class of a request of the S3 API: what writes or lists is A, what reads is B, what deletes is free. */
function classOf(method: string, query: URLSearchParams): OperationClass {
  if (method === 'DELETE') return 'free';
  const lists = ['list-type', 'uploads', 'uploadId'].some((name) => query.has(name));
  if (method === 'PUT' || method === 'POST' || lists) return 'A';
  return 'B';
}

/** Passes requests on to an S3 endpoint, and counts them. */
export interface CountingProxy {
  readonly endpoint: string;
  readonly counts: Record<OperationClass, number>;
  stop(): Promise<void>;
}

export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port: targetPort, pathname } = new URL(target);
  const counts = { A: 0, B: 0, free: 0 };
  const server = createServer((incoming, answer) => {
    const { method = 'GET', url = '/', headers } = incoming;
    counts[classOf(method, new URL(url, 'http://bucket').searchParams)] += 1;
    // The host stands in the signature, so it is passed on as it came.
    const outgoing = request({ hostname, port: targetPort, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}${pathname}`,
    counts,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
