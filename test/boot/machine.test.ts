import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const START = `
import { startMachine } from 'nixos-images/boot';
const machine = await startMachine(
  { name: 'orphan', arch: 'x86_64', firmware: 'bios', memoryMiB: 64, disks: [], wiring: { as: 'plain' }, sshAddress: '10.0.2.15',
    boot: { from: 'network', address: 'http://10.0.2.2:1/nothing.ipxe' } },
  { logFile: process.argv.at(-1) },
);
await machine.console.waitFor(/SeaBIOS/, { seconds: 300 });
console.log('up');
await machine.off;
`;

async function start() {
  const log = new URL('../../.state/logs/boot/orphan.log', import.meta.url).pathname;
  const parent = execa(process.execPath, ['--input-type=module-typescript', '-e', START, log], {
    cwd: import.meta.dirname,
    reject: false,
  });
  await new Promise<void>((resolve, reject) => {
    parent.stdout.on('data', (bytes) => String(bytes).includes('up') && resolve());
    void parent.then(({ stderr }) => reject(new Error(stderr)));
  });
  const children = await readFile(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8');
  const qemu = Number(children.trim().split(' ')[0]);
  return { parent, qemu };
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 50; tries += 1) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (state === undefined || / [ZX] /.test(state)) return true;
    await sleep(100);
  }
  return false;
}

test.for(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('no QEMU outlives a test that ends by %s', async (signal) => {
  const { parent, qemu } = await start();
  expect(await readFile(`/proc/${qemu}/comm`, 'utf8')).toContain('qemu');
  parent.kill(signal);
  await parent;
  expect(await isGone(qemu)).toBe(true);
});
