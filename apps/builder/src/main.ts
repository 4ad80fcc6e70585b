#!/usr/bin/env node
import { runCli } from './cli.ts';

const ending = new AbortController();
// `on`, not `once`: without a listener of ours left, execa's clean-up would end this process by the signal, mid-sentence.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort());
process.exitCode = await runCli(process.argv, {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: ending.signal,
});
