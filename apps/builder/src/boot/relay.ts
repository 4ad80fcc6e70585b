import { createServer, request } from 'node:http';

/** A web server on the loopback that gives under a short address what another one gives under a long one. */
export interface Relay extends AsyncDisposable {
  readonly address: URL;
}

/** Starts one. @param name last segment of the short address; firmware looks at how it ends. */
export async function startRelay(to: URL, name: string): Promise<Relay> {
  const server = createServer((incoming, response) => {
    const { method, headers } = incoming;
    const forwarded = request(to, { method, headers: { ...headers, host: to.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    // A broken download must not look like a whole one.
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    forwarded.end();
  });
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject).listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening TCP server has a port');
  return {
    address: new URL(`http://127.0.0.1:${address.port}/${name}`),
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
