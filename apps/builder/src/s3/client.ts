import { open } from 'node:fs/promises';
import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import aws4 from 'aws4';
import { sha256Hex } from '../digest.ts';
import { Failure } from '../failure.ts';
import { isTransient, PATIENT, persist, type RetryPolicy, type Try } from '../retry.ts';
import type { FileSlice } from '../store/bucket.ts';
import type { Credentials } from './credentials.ts';
import { errorCodeIn } from './xml.ts';

// Imported, node:http evaluates all that it exports, undici for WebSocket among it: 7 MB that nothing here uses.
const http = process.getBuiltinModule('node:http');

/** Silence on a connection after which it is taken for dead, in milliseconds. */
const SILENCE = 60_000;

export interface S3Settings {
  /** Such as `https://<account>.r2.cloudflarestorage.com`; a path is allowed. */
  readonly endpoint: URL;
  readonly region: string;
  readonly credentials: Credentials;
  readonly retry?: RetryPolicy;
  /** Ends every request and every pause. */
  readonly signal?: AbortSignal;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Path below the endpoint, not encoded: `bucket/key`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FileSlice;
  readonly onBytes?: (bytes: number) => void;
  /** Statuses besides 2xx that the caller understands; any other is thrown. */
  readonly accept?: readonly number[];
}

export interface S3Response {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** S3's code in an error's body, such as `NoSuchUpload`. */
  readonly code: string | undefined;
}

/** A try that failed before there was an answer. */
class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** Signed requests to an S3 server: one place for signatures, retries, time-outs and the words for what went wrong. */
export class S3Client {
  /** The server's clock at its last answer, and a clock that cannot jump at that moment; undefined before any answer. */
  #clock: { readonly time: number; readonly at: number } | undefined;
  readonly #settings: S3Settings;
  readonly #retry: RetryPolicy;
  readonly #agent: HttpAgent;
  readonly #request: typeof http.request;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.#retry = settings.retry ?? PATIENT;
    const { Agent, request } = settings.endpoint.protocol === 'https:' ? process.getBuiltinModule('node:https') : http;
    this.#agent = new Agent({ keepAlive: true });
    this.#request = request;
  }

  /** Whether the server has told its time. */
  get knowsTime(): boolean {
    return this.#clock !== undefined;
  }

  /** The server's present time, as far as its answers told; before the first, this machine's. */
  now(): Date {
    return new Date(this.#clock === undefined ? Date.now() : this.#clock.time + performance.now() - this.#clock.at);
  }

  /** Sends a request, repeats it while it fails for a passing reason, and reads the whole answer. */
  async send(request: S3Request): Promise<S3Response> {
    return this.#repeat(request, async (message) => {
      const text = (await buffer(message)).toString('utf8');
      return { status: statusOf(message), headers: message.headers, text, code: errorCodeIn(text) };
    });
  }

  /** Sends a GET and gives the answer's body as a stream; undefined for 404. The body is not retried. */
  async stream(path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const request: S3Request = { method: 'GET', path, accept: [404] };
    const { message } = await this.#repeat(request, async (message) => {
      const status = statusOf(message);
      if (status === 200) return { status, message, headers: message.headers, text: '', code: undefined };
      const text = (await buffer(message)).toString('utf8');
      return { status, message: undefined, headers: message.headers, text, code: errorCodeIn(text) };
    });
    return message;
  }

  async #repeat<Answer extends S3Response>(
    request: S3Request,
    read: (message: IncomingMessage) => Promise<Answer>,
  ): Promise<Answer> {
    return persist(this.#retry, this.#settings.signal, () => this.#try(request, read));
  }

  async #try<Answer extends S3Response>(
    request: S3Request,
    read: (message: IncomingMessage) => Promise<Answer>,
  ): Promise<Try<Answer>> {
    const [signed, began] = [this.now().getTime(), performance.now()];
    let answer: Answer;
    try {
      answer = await this.#once(request, read);
    } catch (error) {
      if (this.#settings.signal?.aborted || error instanceof Failure) throw error;
      return { failure: this.#unreachable(error) };
    }
    this.#noteClock(answer.headers.date);
    if (answer.status < 300 || request.accept?.includes(answer.status)) return { done: answer };
    // Our clock is wrong, and when this was signed we did not know: sign with the server's time from now on. An answer to HEAD has
    // no body, so no code either.
    const refused = answer.status === 403 && (answer.code === 'RequestTimeTooSkewed' || request.method === 'HEAD');
    const wouldSign = this.now().getTime() - (performance.now() - began);
    const skewed = refused && Math.abs(wouldSign - signed) > 60_000;
    if (!skewed && !isTransient(answer.status)) throw this.#refused(request, answer);
    return { failure: this.#refused(request, answer), retryAfter: answer.headers['retry-after'] };
  }

  async #once<Answer>(request: S3Request, read: (message: IncomingMessage) => Promise<Answer>): Promise<Answer> {
    const { method, body, onBytes } = request;
    const { url, headers } = this.#sign(request);
    let sent = 0;
    const { signal } = this.#settings;
    const outgoing = this.#request(url, { method, headers, agent: this.#agent, ...(signal && { signal }) });
    outgoing.setTimeout(SILENCE, () => outgoing.destroy(new ConnectionLost('no answer for a minute')));
    try {
      const answered = answerTo(outgoing);
      // The answer may come, and the connection go, before the body is out: then the answer counts.
      const written = writeBody(outgoing, body, (bytes) => {
        sent += bytes;
        onBytes?.(bytes);
      });
      const message = await Promise.race([answered, written.then(() => answered)]);
      const answer = await read(message);
      if (statusOf(message) >= 300) onBytes?.(-sent);
      return answer;
    } catch (error) {
      onBytes?.(-sent);
      outgoing.destroy();
      throw error;
    }
  }

  #sign({ method, path, query = {}, headers = {}, body }: S3Request) {
    const { endpoint, region, credentials } = this.#settings;
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const parameters = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const search = parameters.length === 0 ? '' : `?${parameters.join('&')}`;
    const target = `${endpoint.pathname.replace(/\/$/, '')}/${encoded}${search}`;
    const { headers: signed = {} } = aws4.sign(
      {
        service: 's3',
        region,
        method,
        host: endpoint.host,
        path: target,
        headers: {
          ...headers,
          'X-Amz-Content-Sha256': typeof body === 'object' ? body.sha256 : sha256Hex(body ?? ''),
          'X-Amz-Date': this.now()
            .toISOString()
            .replace(/[:-]|\.\d{3}/g, ''),
        },
      },
      { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    );
    const length = typeof body === 'object' ? body.length : Buffer.byteLength(body ?? '');
    const sized = method === 'PUT' || method === 'POST' ? { ...signed, 'Content-Length': length } : signed;
    return { url: new URL(target, endpoint), headers: sized };
  }

  #noteClock(date: string | undefined): void {
    const [server, ours] = [Date.parse(date ?? ''), Date.now()];
    if (Number.isNaN(server) && this.#clock !== undefined) return;
    // The header has whole seconds; a smaller difference says nothing. A server without a Date leaves us our own clock.
    const differs = Math.abs(server - ours) >= 2000;
    this.#clock = { time: differs ? server : ours, at: performance.now() };
  }

  #unreachable(cause: unknown): Failure {
    const why = cause instanceof Error ? cause.message || (Reflect.get(cause, 'code') ?? cause.name) : 'no answer';
    return new Failure(`The bucket at ${this.#settings.endpoint.host} cannot be reached: ${why}.`, {
      remedy: 'Check the endpoint in the config and the network, then run the same command again: it continues.',
      cause,
    });
  }

  #refused({ method, path }: S3Request, { status, code }: S3Response): Failure {
    const said = code === undefined ? `${status}` : `${status} ${code}`;
    return new Failure(`The bucket answered ${said} to ${method} ${path}.`, { remedy: remedyFor(status, code) });
  }
}

function remedyFor(status: number, code: string | undefined): string {
  if (code === 'RequestTimeTooSkewed')
    return "Set this machine's clock, then run the same command again: it continues.";
  if (code === 'NoSuchBucket') return 'Create the bucket, or correct its name in the config.';
  if (code === 'BadDigest' || code === 'XAmzContentSHA256Mismatch' || code === 'InvalidDigest') {
    return 'A file changed while it was read, or the connection garbles data: run `nix-store --verify --check-contents`, then publish again.';
  }
  if (status === 401 || status === 403) {
    return 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (expired? for another bucket? read-only?), then run the same command again: it continues.';
  }
  return 'Wait a little and run the same command again: it continues where it stopped.';
}

function statusOf(message: IncomingMessage): number {
  return message.statusCode ?? 0;
}

function answerTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.once('close', () => reject(new ConnectionLost('the connection was closed')));
  });
}

async function writeBody(
  outgoing: ClientRequest,
  body: string | FileSlice | undefined,
  onBytes: (bytes: number) => void,
): Promise<void> {
  if (typeof body !== 'object') {
    outgoing.end(body ?? '');
    return;
  }
  if (body.length === 0) {
    outgoing.end();
    return;
  }
  await sendSlice(outgoing, body, onBytes);
  outgoing.end();
}

/** Bytes in memory for each request in flight. */
const CHUNK = 1 << 18;

/** Sends a slice through one buffer that is used again and again: what a collector would have to clean up grows with the file. */
async function sendSlice(
  outgoing: ClientRequest,
  { path, offset, length }: FileSlice,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const unreadable = (cause: unknown) =>
    new Failure(`${path} cannot be read any more.`, {
      remedy: 'Was it collected as garbage? Run the same command again: it is built again and the upload goes on.',
      cause,
    });
  await using file = await open(path).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, length));
  // A request that ends early forgets the callback of a write: without this, nobody would close the file.
  const ended = new Promise<never>((_, reject) => {
    outgoing.once('close', () => reject(new ConnectionLost('the connection was closed')));
  });
  ended.catch(() => {});
  for (let sent = 0; sent < length; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, length - sent), offset + sent);
    if (bytesRead === 0) throw unreadable('it became shorter');
    const written = new Promise<void>((resolve, reject) => {
      outgoing.write(buffer.subarray(0, bytesRead), (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([written, ended]);
    sent += bytesRead;
    onBytes(bytesRead);
  }
}
