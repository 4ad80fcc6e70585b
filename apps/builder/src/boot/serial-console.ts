import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** Why a wait on a machine's console ended without what it waited for. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
  readonly reason: 'timeout' | 'stopped' | 'panic';

  constructor(reason: ConsoleError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface WaitOptions {
  /** Give up after this many seconds. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Look only at lines from this index on (see `lineCount`); by default at everything since power-on. */
  readonly fromLine?: number | undefined;
}

interface Waiter {
  look(): void;
  fail(error: Error): void;
}

// CSI and two-byte escapes: firmware and iPXE paint their menus with them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are control characters.
const ESCAPE = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_=>])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, cut off by the end of a chunk.
const UNFINISHED_ESCAPE = /\u001b(?:\[[0-9;?]*[ -/]*)?$/;
const PANIC = /Kernel panic - not syncing/;

/**
 * What a machine says on its serial line: written to a log as it comes, and readable as text lines without escape
 * sequences. Waiting looks at what was said before, too, so that no line is missed between two waits.
 */
export class SerialConsole {
  readonly logFile: string;
  readonly #log: WriteStream;
  readonly #decoder = new TextDecoder();
  readonly #lines: string[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #ended = new AbortController();
  #unfinished = '';
  #escape = '';
  #end: ConsoleError | undefined;

  constructor(logFile: string) {
    this.logFile = logFile;
    this.#log = createWriteStream(logFile);
    // A full disk must not take the machine down: the log is for people, the lines are kept in memory.
    this.#log.on('error', () => undefined);
  }

  /** Complete lines so far; a later wait can start here. */
  get lineCount(): number {
    return this.#lines.length;
  }

  /** Everything said so far, the unfinished last line included. */
  get text(): string {
    return [...this.#lines, this.#unfinished].join('\n');
  }

  /** The last lines that are not empty, for a person who has to find out what went wrong. */
  tail(lines: number): string {
    const said = [...this.#lines, this.#unfinished].filter((line) => line.trim() !== '');
    return said.slice(-lines).join('\n');
  }

  /** Aborted, with the reason, when the machine is off or its kernel has given up. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Takes the next bytes from the serial line. */
  feed(bytes: Uint8Array): void {
    this.#log.write(bytes);
    const raw = this.#escape + this.#decoder.decode(bytes, { stream: true });
    this.#escape = UNFINISHED_ESCAPE.exec(raw)?.[0] ?? '';
    const text = raw.slice(0, raw.length - this.#escape.length).replace(ESCAPE, '');
    const parts = (this.#unfinished + text).split(/\r*\n/);
    this.#unfinished = parts.pop() ?? '';
    this.#lines.push(...parts);
    for (const waiter of [...this.#waiters]) waiter.look();
    const panic = parts.find((line) => PANIC.test(line));
    if (panic !== undefined) this.#fail(new ConsoleError('panic', `the kernel gave up: ${panic.trim()}`));
  }

  /** Says that nothing more will come; pending and later waits fail with `reason`. */
  async close(reason: string): Promise<void> {
    this.#end ??= new ConsoleError('stopped', reason);
    this.#fail(this.#end);
    this.#log.end();
    await finished(this.#log).catch(() => undefined);
  }

  /** The complete lines, from power-on to the end, as they come. */
  async *lines(signal?: AbortSignal): AsyncGenerator<string, void, undefined> {
    for (let next = 0; ; ) {
      const line = this.#lines[next];
      if (line !== undefined) {
        next += 1;
        yield line;
      } else if (this.#end !== undefined) {
        return;
      } else {
        const from = next;
        const more = await this.#wait(() => (this.#lines.length > from ? true : undefined), signal).catch(() => false);
        if (!more && this.#lines.length <= from) return;
      }
    }
  }

  /**
   * Resolves with the match on the first line (the unfinished last one included) that fits `pattern`.
   * Throws ConsoleError when the time is up, the machine stops or its kernel panics; the signal's reason when aborted.
   */
  async waitFor(pattern: RegExp, options: WaitOptions): Promise<RegExpExecArray> {
    let next = options.fromLine ?? 0;
    const look = (): RegExpExecArray | undefined => {
      for (; ; next += 1) {
        const line = this.#lines[next] ?? this.#unfinished;
        const match = pattern.exec(line);
        if (match !== null) return match;
        if (next >= this.#lines.length) return undefined;
      }
    };
    return await this.#wait(look, options.signal, options.seconds, `${pattern}`);
  }

  #wait<T>(look: () => T | undefined, signal?: AbortSignal, seconds?: number, what = 'more'): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter: Waiter = {
      look: () => {
        const found = look();
        if (found !== undefined) {
          settle();
          resolve(found);
        }
      },
      fail: (error) => {
        settle();
        reject(error);
      },
    };
    const onAbort = (): void => waiter.fail(signal?.reason instanceof Error ? signal.reason : new Error('stopped'));
    const timer =
      seconds === undefined
        ? undefined
        : setTimeout(() => {
            const last = this.#lines.findLast((line) => line.trim() !== '')?.trim() ?? 'nothing';
            waiter.fail(
              new ConsoleError('timeout', `${what} did not appear on the console within ${seconds} s; last: ${last}`),
            );
          }, seconds * 1000);
    const settle = (): void => {
      this.#waiters.delete(waiter);
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    this.#waiters.add(waiter);
    waiter.look();
    if (!this.#waiters.has(waiter)) return promise;
    if (this.#end !== undefined) waiter.fail(this.#end);
    else if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort);
    return promise;
  }

  #fail(error: ConsoleError): void {
    this.#ended.abort(error);
    for (const waiter of [...this.#waiters]) waiter.fail(error);
  }
}
