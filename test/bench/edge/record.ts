import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Load } from './load.ts';
import { type Recorded, startWorkers } from './workers.ts';

/** Headers that the runtime writes itself. */
const OF_THE_RUNTIME = ['transfer-encoding', 'connection', 'date'];

/** What the edge answers to a request when it is warm, for a Worker that is to answer the same without any work. */
export async function record(state: string, load: Load): Promise<Recorded> {
  const lines: string[] = [];
  const workers = await startWorkers({ state, before: undefined, onLog: (line) => lines.push(line) });
  try {
    await ask(workers.ports.edge, load);
    const answer = await ask(workers.ports.edge, load);
    // A line may come after its answer.
    for (let waited = 0; lines.length < 2 && waited < 100; waited += 1)
      await new Promise((next) => setTimeout(next, 20));
    const line = lines.at(1);
    if (line === undefined) throw new Error(`the edge logged nothing about ${load.path}`);
    return { ...answer, line };
  } finally {
    await workers.stop();
  }
}

async function ask(port: number, { method, path, headers }: Load): Promise<Omit<Recorded, 'line'>> {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request({ port, host: '127.0.0.1', method, path, headers: { ...headers, Host: 'bench.test' } }, resolve)
      .on('error', reject)
      .end();
  });
  const { statusCode: status = 0, rawHeaders } = response;
  const fields: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!OF_THE_RUNTIME.includes(name.toLowerCase())) fields.push([name, value]);
  }
  const body = await text(response);
  const fromBucket = status === 206 || method === 'HEAD' || body === '';
  return { status, fields, body: fromBucket ? null : body };
}
