import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What can happen to an operation. */
export const FAULTS = [
  /** The server says so and did nothing. */
  '500',
  '503',
  '429',
  /** The connection is cut before the server hears of it. */
  'cut',
  /** The server did it, and its answer is lost. */
  'lost-answer',
  /** The answer takes its time. */
  'delay',
  /** From here on nothing works any more. */
  'down',
  /** From here on the credentials are too old. */
  'expired',
  /** The builder is killed before the server hears of it. */
  'kill',
  /** The builder is killed once the server did it. */
  'kill-after',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface PlannedFault {
  readonly fault: Fault;
  /** The operation that it happens to, from 1. */
  readonly at: number;
}

/** One operation that came through. */
export interface Operation {
  readonly name: string;
  /** What the server said; undefined when it never heard of it. */
  readonly status: number | undefined;
}

const DELAY = 400;
const ANSWER: Partial<Record<Fault, readonly [number, string]>> = {
  '500': [500, 'InternalError'],
  '503': [503, 'SlowDown'],
  '429': [429, 'TooManyRequests'],
  down: [500, 'InternalError'],
  expired: [403, 'ExpiredToken'],
};

/** A proxy in front of an S3 endpoint that counts operations and does one of them harm. */
export class FaultProxy implements AsyncDisposable {
  readonly operations: Operation[] = [];
  planned: PlannedFault | undefined;
  /** Kills the builder; set when it runs. */
  onKill: () => void = () => {};
  readonly #server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing));
  readonly #target: URL;

  private constructor(target: URL) {
    this.#target = target;
  }

  static async start(target: URL): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The endpoint as the builder sees it. */
  get endpoint(): URL {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    const url = new URL(this.#target);
    url.port = `${address.port}`;
    return url;
  }

  /** Forgets what was and plans what will be. */
  plan(planned: PlannedFault | undefined): void {
    this.operations.length = 0;
    this.planned = planned;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const number = this.operations.length + 1;
    const name = operationName(incoming);
    this.operations.push({ name, status: undefined });
    const fault = this.#faultAt(number);
    const answer = fault && ANSWER[fault];
    if (answer !== undefined) {
      const [status, code] = answer;
      // The body is left unread: the client must cope with an answer that comes early.
      outgoing.writeHead(status, { 'content-type': 'application/xml', connection: 'close' });
      outgoing.end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
      return;
    }
    if (fault === 'cut' || fault === 'kill') {
      if (fault === 'kill') this.onKill();
      incoming.socket.destroy();
      return;
    }
    if (fault === 'delay') await sleep(DELAY);
    await this.#forward(incoming, outgoing, number, name, fault);
  }

  #faultAt(number: number): Fault | undefined {
    if (this.planned === undefined) return undefined;
    const { fault, at } = this.planned;
    const lasts = fault === 'down' || fault === 'expired';
    return number === at || (lasts && number > at) ? fault : undefined;
  }

  async #forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    number: number,
    name: string,
    fault: Fault | undefined,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // The Host header goes along as it is: it is part of the signature.
    const options = { method: incoming.method, path: incoming.url, headers: incoming.headers };
    const upstream = request({ host: this.#target.hostname, port: this.#target.port, ...options }, (message) => {
      this.operations[number - 1] = { name, status: message.statusCode };
      if (fault === 'lost-answer' || fault === 'kill-after') {
        if (fault === 'kill-after') this.onKill();
        message.resume();
        message.on('end', () => {
          incoming.socket.destroy();
          resolve();
        });
        return;
      }
      // As R2 does; by a clock that tests which set this process's own cannot reach.
      const date = new Date(performance.timeOrigin + performance.now()).toUTCString();
      outgoing.writeHead(message.statusCode ?? 502, { date, ...message.headers });
      message.pipe(outgoing);
      message.on('end', resolve);
    });
    upstream.on('error', () => {
      incoming.socket.destroy();
      resolve();
    });
    // A builder that is killed takes its half request with it.
    incoming.on('close', () => {
      if (!incoming.complete) upstream.destroy();
    });
    incoming.pipe(upstream);
    await promise;
  }
}

/** Method and key, with what of the query tells operations apart. */
function operationName({ method, url = '/' }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, 'http://proxy');
  const key = pathname
    .replace(/^\/cdn-cgi\/local\/r2\/s3\/[^/]+\/?/, '')
    .replace(/^blobs\/sha256\/(.{8}).*/, 'blob $1');
  const part = searchParams.get('partNumber');
  const query =
    part !== null
      ? ` part ${part}`
      : searchParams.has('uploads')
        ? ' uploads'
        : searchParams.has('uploadId')
          ? ' upload'
          : '';
  const prefix = searchParams.get('prefix');
  return `${method} ${key || 'list'}${query}${prefix === null ? '' : ` ${prefix}`}`;
}
