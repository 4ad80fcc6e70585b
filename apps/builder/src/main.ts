import { runCli } from './cli.ts';

const ending = new AbortController();
// `on`, not `once`: without a listener of ours left, execa's clean-up would end this process by the signal, mid-sentence.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort());
// Whoever reads the output may stop reading (`| head`): the work goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 1;
  });
}
process.exitCode = await runCli(process.argv, {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: ending.signal,
});
