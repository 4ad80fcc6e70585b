import { readFile } from 'node:fs/promises';
import { setInterval as every } from 'node:timers/promises';
import { execa } from 'execa';

/** What a command took. */
export interface Measurement {
  readonly seconds: number;
  /** Processor time of the command and its threads, in seconds. */
  readonly cpuSeconds: number;
  /** Most memory that was resident, in bytes. */
  readonly peakBytes: number;
}

/** Ticks a second of /proc/PID/stat: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS = 100;

interface Usage {
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** What the kernel says of a live process; undefined once it is gone. */
async function usageOf(pid: number): Promise<Usage | undefined> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''),
  ]);
  // Behind the name, which may hold spaces: fields 14 and 15 of proc(5) are its 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (peak === undefined) return undefined;
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS, peakBytes: Number(peak) * 1024 };
}

/** Runs a command and measures it; the last 20 ms of its life may be missing from processor time. */
export async function measure(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Measurement> {
  const began = performance.now();
  const child = execa(command, args, { env, stdin: 'ignore', stdout: 'ignore' });
  const ended = new AbortController();
  let usage: Usage = { cpuSeconds: 0, peakBytes: 0 };
  const watching = (async () => {
    for await (const _ of every(20, undefined, { signal: ended.signal })) {
      usage = (child.pid === undefined ? undefined : await usageOf(child.pid)) ?? usage;
    }
  })().catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });
  try {
    await child;
  } finally {
    ended.abort();
    await watching;
  }
  return { seconds: (performance.now() - began) / 1000, ...usage };
}
