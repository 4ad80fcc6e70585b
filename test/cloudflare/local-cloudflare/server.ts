/**
 * A Cloudflare for tests: the API as far as setting up an edge asks it, by itself and through wrangler, and behind it Cloudflare's own
 * runtime, in which the uploaded Worker and the buckets really are.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Account } from './account.ts';
import { answerApi, type Reply } from './api.ts';
import { Contract } from './contract.ts';
import { type Fault, Faults, type Operation } from './faults.ts';
import { Refusal } from './refusal.ts';
import { Runtime } from './runtime.ts';

export interface LocalCloudflare {
  /** `CLOUDFLARE_API_BASE_URL`. */
  readonly apiUrl: string;
  /** Where the uploaded Worker answers. */
  readonly edgeUrl: string;
  readonly s3Endpoint: string;
  readonly faults: Faults;
  /** Every request so far, in order. */
  readonly operations: readonly Operation[];
  /** In what the exchanges differed from Cloudflare's description; empty when all is well. */
  readonly differences: readonly string[];
  /** Called after each request is done, before it is answered. */
  onDone: (operation: Operation) => void;
  stop(): Promise<void>;
}

const BASE = '/client/v4';

/** Starts a Cloudflare that has this account; `state` is a folder for its buckets. */
export async function startLocalCloudflare(account: Account, state: string): Promise<LocalCloudflare> {
  const [contract, runtime] = await Promise.all([Contract.load(), Runtime.start(account, state)]);
  const faults = new Faults();
  const operations: Operation[] = [];
  const differences: string[] = [];
  const server = createServer((message, response) => {
    const { pathname } = new URL(message.url ?? '/', 'http://cloudflare.test');
    const operation = { method: message.method ?? '', path: pathname.slice(BASE.length) };
    operations.push(operation);
    void respond(message, response, operation).catch(() => message.socket.destroy());
  });

  async function respond(message: IncomingMessage, response: ServerResponse, operation: Operation): Promise<void> {
    const body = await buffer(message);
    const fault = faults.meet(operation);
    if (fault?.kind === 'cut') throw new Error('cut');
    const refused = refusalOf(fault);
    if (refused !== undefined) {
      send(response, refused, fault?.kind === 'rate-limit' ? { 'retry-after': `${fault.retryAfter}` } : {});
      return;
    }
    const value = /^bearer (.+)$/i.exec(message.headers.authorization ?? '')?.[1];
    const token = account.tokens.find((known) => known.value === value);
    const type = message.headers['content-type'] ?? '';
    const form = type.startsWith('multipart/')
      ? await new Response(body, { headers: { 'content-type': type } }).formData()
      : undefined;
    const json = form === undefined && body.length > 0 ? JSON.parse(body.toString()) : undefined;
    const reply = await answerApi(account, token, { ...operation, json, form });
    const requestBody = form === undefined ? json : { metadata: JSON.parse(String(form.get('metadata'))) };
    differences.push(...contract.differences({ ...operation, requestBody, answer: envelopeOf(reply) }));
    if (operation.method !== 'GET') await runtime.refresh();
    api.onDone(operation);
    if (fault?.kind === 'cut-after') throw new Error('cut');
    send(response, reply);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the local Cloudflare has no port');
  const api: LocalCloudflare = {
    apiUrl: `http://127.0.0.1:${address.port}${BASE}`,
    edgeUrl: runtime.url,
    s3Endpoint: runtime.s3Endpoint,
    faults,
    operations,
    differences,
    onDone: () => {},
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await runtime.stop();
    },
  };
  return api;
}

function refusalOf(fault: Fault | undefined): Refusal | undefined {
  switch (fault?.kind) {
    case 'rate-limit':
      return new Refusal(429, 971, 'Please wait and consider throttling your request speed');
    case 'server-error':
      return new Refusal(fault.status, 1101, 'Internal error');
    case 'refusal':
      return new Refusal(fault.status, fault.code, fault.message);
    default:
      return undefined;
  }
}

/** What surrounds every answer. */
function envelopeOf(reply: Reply) {
  return reply instanceof Refusal
    ? { success: false, errors: [{ code: reply.code, message: reply.message }], messages: [], result: null }
    : { success: true, errors: [], messages: [], result: reply.result };
}

function send(response: ServerResponse, reply: Reply, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(reply instanceof Refusal ? reply.status : 200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(envelopeOf(reply)));
}
