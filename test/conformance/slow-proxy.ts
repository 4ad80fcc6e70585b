import { once } from 'node:events';
import { createServer, request } from 'node:http';

/** A proxy in front of the edge that breaks connections, as bad networks do. */
export interface SlowProxy {
  readonly url: string;
  /** The Range headers that came through, in order. */
  readonly ranges: readonly (string | undefined)[];
  readonly stop: () => Promise<void>;
}

/** Breaks the first `breaks` connections off after `after` bytes of the body each. */
export async function startSlowProxy(origin: string, breaks: number, after: number): Promise<SlowProxy> {
  const ranges: (string | undefined)[] = [];
  let left = breaks;
  const server = createServer((incoming, outgoing) => {
    ranges.push(incoming.headers.range);
    const { hostname, port } = new URL(origin);
    const { method, url, headers } = incoming;
    const forwarded = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      const breaking = method === 'GET' && left > 0;
      if (breaking) left -= 1;
      let sent = 0;
      answer.on('data', (chunk: Buffer) => {
        if (breaking && sent + chunk.length >= after) {
          outgoing.write(chunk.subarray(0, after - sent), () => outgoing.socket?.resetAndDestroy());
          answer.destroy();
          return;
        }
        sent += chunk.length;
        outgoing.write(chunk);
      });
      answer.on('end', () => outgoing.end());
      answer.on('error', () => outgoing.destroy());
    });
    forwarded.on('error', () => outgoing.destroy());
    forwarded.end();
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    ranges,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
