import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts';
import { type Stage, setStage } from './stage.ts';
import { STABLE, TinyFlake } from './tiny-flake.ts';

let stage: Stage;
let flake: TinyFlake;
let proxy: CountingProxy;
beforeEach(async () => {
  stage = await setStage();
  proxy = await startCountingProxy(stage.localEdge.s3.endpoint);
  flake = new TinyFlake(stage);
  flake.endpoint = proxy.endpoint;
  await flake.configure({ arches: ['x86_64'] });
});
afterEach(async () => {
  await proxy.stop();
  await stage.stop();
});

/** The bucket's operations in one release run of one channel with one image, unsigned. */
async function count(content: string): Promise<CountingProxy['counts']> {
  Object.assign(proxy.counts, { A: 0, B: 0, free: 0 });
  await flake.contain({ ...STABLE, content });
  expect(await flake.release('--channel', '26.05')).toMatchObject({ exitCode: 0 });
  return { ...proxy.counts };
}

// docs/operate/cost.md multiplies these numbers: whoever changes one, changes the other.
describe('the operations that a release run is billed for', () => {
  it('are few when it releases, and none that writes when there is nothing new', async () => {
    await count('first');
    expect(await count('second')).toEqual({ A: 10, B: 16, free: 0 });
    expect(await count('second')).toEqual({ A: 3, B: 6, free: 0 });
  }, 120_000);

  it('grow by four and one for every 16 MiB of a large file', async () => {
    const small = await count('first');
    // Three pieces: 40 MB. A look for uploads that broke off, begin, end, and a look for those of others.
    await flake.contain({ ...STABLE, content: 'x', size: 40_000_000 });
    Object.assign(proxy.counts, { A: 0, B: 0, free: 0 });
    expect(await flake.release('--channel', '26.05')).toMatchObject({ exitCode: 0 });
    expect(proxy.counts.A - small.A).toBe(4 + 3 - 1);
  }, 120_000);
});
