import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** An answer that is no success, in the form in which Octokit throws one. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly status: number;
  readonly response: { readonly headers: Readonly<Record<string, string>> };

  constructor(status: number, headers: Readonly<Record<string, string>>, message: string) {
    super(message);
    this.status = status;
    this.response = { headers };
  }
}

/** Silence on the connection after which it is taken for dead, in milliseconds. */
const SILENCE = 60_000;

/**
 * Posts a stream of bytes. Not with fetch, which ends a request whose answer has not begun after five minutes, though a large file
 * on a slow line is still on its way then.
 * @throws RequestRefused for an answer that is no success; whatever the connection says if it breaks.
 */
export async function sendFile(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = send(url, { method: 'POST', headers, signal });
  outgoing.setTimeout(SILENCE, () => outgoing.destroy(new Error('no answer for a minute')));
  const answered = new Promise<{ status: number; headers: Record<string, string>; body: string }>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (message) => {
      const plain = Object.entries(message.headers).map(([name, value]): [string, string] => [name, `${value}`]);
      text(message).then(
        (said) => resolve({ status: message.statusCode ?? 0, headers: Object.fromEntries(plain), body: said }),
        reject,
      );
    });
  });
  // The answer may come, and the connection go, before the whole body is out: then the answer counts.
  const answer = await Promise.race([answered, pipeline(body, outgoing).then(() => answered)]).catch(async (error) => {
    outgoing.destroy();
    // Both may fail; the second failure says nothing new.
    answered.catch(() => {});
    throw error;
  });
  if (answer.status >= 300) throw new RequestRefused(answer.status, answer.headers, answer.body.slice(0, 300));
}
