import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, it, vi } from 'vitest';
import { S3Bucket } from './s3-bucket.ts';

it("tells the server's time, even before it has been asked for anything else", async () => {
  const time = new Date('2026-08-20T04:05:06.000Z');
  const asked: (string | undefined)[] = [];
  const server = createServer(({ method }, answer) => {
    asked.push(method);
    answer.writeHead(404, { date: time.toUTCString() }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2040-01-01T00:00:00Z') });
  try {
    const bucket = new S3Bucket('images', {
      endpoint: new URL(`http://127.0.0.1:${port}`),
      region: 'auto',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: undefined },
    });
    expect(Math.abs((await bucket.now()).getTime() - time.getTime())).toBeLessThan(60_000);
    // It goes on by a clock that cannot jump, and is not asked for again.
    vi.setSystemTime(Date.parse('1999-01-01T00:00:00Z'));
    expect(Math.abs((await bucket.now()).getTime() - time.getTime())).toBeLessThan(60_000);
    expect(asked).toEqual(['HEAD']);
  } finally {
    vi.useRealTimers();
    server.close();
  }
});
