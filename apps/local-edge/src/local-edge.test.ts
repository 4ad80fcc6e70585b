import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PortInUse, startLocalEdge } from './local-edge.ts';

describe('the local edge', () => {
  let state: string;
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'nixos-images-edge-'));
  });
  afterEach(() => rm(state, { recursive: true }));

  it('names --port when the port is in use', async () => {
    const other = await listen();
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const start = startLocalEdge({ host: '127.0.0.1', port, state });
    await expect(start).rejects.toThrow(PortInUse);
    await expect(start).rejects.toThrow('--port');
    other.close();
  });
});

function listen(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(server)));
}
