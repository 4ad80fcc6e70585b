import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';

/** A request that is sent again and again. */
export interface Load {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a round of one request cost. */
export interface Measured {
  readonly requestsPerSecond: number;
  /** Bytes of bodies per second. */
  readonly bytesPerSecond: number;
  /** Milliseconds of the runtime's processor time for each request. */
  readonly cpuMilliseconds: number;
  /** Milliseconds that half of the requests stayed below. */
  readonly p50: number;
}

/** Sends one request over and over for about `milliseconds` on `connections` connections, each the next when the last is answered in full. */
export async function measure(
  port: number,
  pid: number,
  load: Load,
  milliseconds: number,
  connections: number,
): Promise<Measured> {
  const cpuBefore = await cpuTime(pid);
  const start = performance.now();
  const results = await Promise.all(Array.from({ length: connections }, () => drive(port, load, start + milliseconds)));
  const seconds = (performance.now() - start) / 1000;
  const cpu = (await cpuTime(pid)) - cpuBefore;
  const times = results.flatMap(({ times }) => times).toSorted((a, b) => a - b);
  const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
  return {
    requestsPerSecond: times.length / seconds,
    bytesPerSecond: bytes / seconds,
    cpuMilliseconds: cpu / times.length,
    p50: times[Math.floor(times.length / 2)] ?? Number.NaN,
  };
}

/** One connection; rejects if an answer is an error, so that nobody measures errors. */
function drive(
  port: number,
  { method, path, headers = {} }: Load,
  until: number,
): Promise<{ times: number[]; bytes: number }> {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `${method} ${path} HTTP/1.1\r\nHost: bench.test\r\n${fields.join('')}\r\n`;
  return new Promise((resolve, reject) => {
    const times: number[] = [];
    let bytes = 0;
    let head = '';
    let left = 0;
    let inBody = false;
    let sent = 0;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const send = () => {
      sent = performance.now();
      socket.write(request);
    };
    const answered = () => {
      inBody = false;
      head = '';
      const now = performance.now();
      times.push(now - sent);
      if (now < until) send();
      else socket.end(() => resolve({ times, bytes }));
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      let body = chunk.length;
      if (!inBody) {
        const text = head + chunk.toString('latin1');
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) {
          head = text;
          return;
        }
        if (!/^HTTP\/1\.1 (200|206|304)/.test(text)) return void reject(new Error(`${path}: ${text.slice(0, 100)}`));
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
        left = method === 'HEAD' || text.startsWith('HTTP/1.1 304') ? 0 : length;
        body = text.length - end - 4;
        inBody = true;
      }
      left -= body;
      bytes += body;
      if (left <= 0) answered();
    });
  });
}

/** Milliseconds of processor time that a process has used, all threads, in user and kernel mode. */
async function cpuTime(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime (proc(5)), in clock ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
