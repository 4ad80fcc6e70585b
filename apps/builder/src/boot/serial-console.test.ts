import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SerialConsole } from './serial-console.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a serial console', () => {
  let folder: string;
  let console: SerialConsole;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'console-test-'));
    console = new SerialConsole(join(folder, 'console.log'));
  });
  afterEach(async () => {
    await console.close('test over');
    await rm(folder, { recursive: true });
  });

  it('finds what was said before the wait began', async () => {
    console.feed(bytes('one\r\ntwo 22\r\nthree\r\n'));
    expect((await console.waitFor(/two (\d+)/, { seconds: 1 }))[1]).toBe('22');
  });

  it('finds what is said later, even on a line that has no end yet', async () => {
    const login = console.waitFor(/login: $/, { seconds: 5 });
    console.feed(bytes('debian log'));
    console.feed(bytes('in: '));
    await login;
  });

  it('looks only from the line it was told to', async () => {
    console.feed(bytes('ready 1\n'));
    const later = console.waitFor(/ready (\d)/, { seconds: 5, fromLine: console.lineCount });
    console.feed(bytes('ready 2\n'));
    expect((await later)[1]).toBe('2');
  });

  it('says what it waited for and what came last when the time is up', async () => {
    console.feed(bytes('still loading\n'));
    await expect(console.waitFor(/ready/, { seconds: 0.01 })).rejects.toThrow(
      /\/ready\/ did not appear .* last: still loading/,
    );
  });

  it('ends every wait when the kernel panics', async () => {
    const wait = console.waitFor(/ready/, { seconds: 5 });
    console.feed(bytes('[    1.2] Kernel panic - not syncing: No working init found.\n'));
    await expect(wait).rejects.toMatchObject({ reason: 'panic' });
    expect(console.ended.reason).toMatchObject({ reason: 'panic' });
  });

  it('ends pending and later waits when the machine is gone', async () => {
    const wait = console.waitFor(/ready/, { seconds: 5 });
    const ended = expect(wait).rejects.toThrow('switched itself off');
    await console.close('switched itself off');
    await ended;
    await expect(console.waitFor(/ready/, { seconds: 5 })).rejects.toMatchObject({ reason: 'stopped' });
  });

  it('ends a wait when its signal is aborted', async () => {
    const abort = new AbortController();
    const wait = console.waitFor(/ready/, { seconds: 5, signal: abort.signal });
    abort.abort(new Error('Ctrl-C'));
    await expect(wait).rejects.toThrow('Ctrl-C');
  });

  it('gives all lines in order as a stream that ends with the machine', async () => {
    const read = Array.fromAsync(console.lines());
    console.feed(bytes('a\nb'));
    console.feed(bytes('c\nd\n'));
    await new Promise(setImmediate);
    console.feed(bytes('e\n'));
    await console.close('off');
    expect(await read).toEqual(['a', 'bc', 'd', 'e']);
  });

  it('writes every byte to the log', async () => {
    console.feed(bytes('\u001b[2Jclear\n'));
    await console.close('off');
    expect(await readFile(console.logFile, 'utf8')).toBe('\u001b[2Jclear\n');
  });

  it('reads the same lines however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'é', '\r\n', '\n', '\u001b[1;32m', '\u001b[2J', '\u001bM', ' '), {
          maxLength: 30,
        }),
        fc.array(fc.nat(60), { maxLength: 8 }),
        async (pieces, cuts) => {
          const whole = bytes(pieces.join(''));
          const once = new SerialConsole('/dev/null');
          once.feed(whole);
          const cut = new SerialConsole('/dev/null');
          const places = [0, ...cuts.filter((at) => at < whole.length), whole.length].toSorted((a, b) => a - b);
          for (const [index, at] of places.entries()) cut.feed(whole.subarray(at, places[index + 1] ?? at));
          await Promise.all([once.close('off'), cut.close('off')]);
          expect(cut.text).toBe(once.text);
        },
      ),
      { numRuns: 200 },
    );
  });
});
