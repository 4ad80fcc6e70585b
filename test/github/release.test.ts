import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleaseReport } from 'nixos-images/reports';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Stage, setStage } from './stage.ts';
import { STABLE, TinyFlake, UNSTABLE } from './tiny-flake.ts';

let stage: Stage;
let flake: TinyFlake;
beforeEach(async () => {
  stage = await setStage();
  flake = new TinyFlake(stage);
  await flake.contain(STABLE, UNSTABLE);
  await flake.configure({ arches: ['x86_64'] });
});
afterEach(() => stage.stop());

describe('nixos-images release', () => {
  it('takes every channel from the flake to the bucket, and does nothing when there is nothing new', async () => {
    const first = await flake.release();
    expect(first).toMatchObject({ exitCode: 0, report: { problems: [] } });
    expect(first.report.channels).toMatchObject([
      { channel: 'nixos-26.05', outcome: 'released', version: '26.05.20261120.aaaaaaa', problems: [] },
      { channel: 'nixos-unstable', outcome: 'released', version: '26.11.20261120.bbbbbbb', problems: [] },
    ]);
    expect(await readFile(join(stage.folder, 'summary.md'), 'utf8')).toContain(
      '## nixos-26.05: released 26.05.20261120.aaaaaaa',
    );
    const sums = await fetch(`${stage.localEdge.url}/releases/26.05.20261120.aaaaaaa/SHA256SUMS`);
    expect(sums.status).toBe(200);

    const second = await flake.release();
    expect(second.exitCode).toBe(0);
    expect(second.report.channels).toMatchObject([{ outcome: 'unchanged' }, { outcome: 'unchanged' }]);
    for (const { report } of [first, second]) expect(v.safeParse(ReleaseReport, report).issues).toBeUndefined();
  });

  it('says that a channel stays where it is when the flake went back', async () => {
    await flake.release('--channel', 'unstable');
    await flake.contain(STABLE, { ...UNSTABLE, series: '26.10', revision: 'ccccccc', content: 'older' });
    const { exitCode, report } = await flake.release('--channel', 'unstable');
    expect(exitCode).toBe(0);
    const version = '26.10.20261120.ccccccc';
    expect(report.channels).toMatchObject([{ outcome: 'behind', before: '26.11.20261120.bbbbbbb', version }]);
    const floating = await fetch(`${stage.localEdge.url}/kexec@unstable/x86_64`, { method: 'HEAD' });
    expect(floating.headers.get('content-location')).toContain('26.11.20261120.bbbbbbb');
  });

  it('says what is new against the last release, and what is over its budget', async () => {
    await flake.release();
    await flake.contain({ ...STABLE, revision: 'ccccccc', content: 'longer than before' }, UNSTABLE);
    await flake.configure({ arches: ['x86_64'], budget: 20 });
    const { exitCode, report } = await flake.release('--channel', '26.05');
    expect(exitCode).toBe(1);
    expect(report.channels).toMatchObject([
      {
        outcome: 'released',
        before: '26.05.20261120.aaaaaaa',
        version: '26.05.20261120.ccccccc',
        images: [{ bytes: 26, formerBytes: 11, budget: 20 }],
        problems: ['kexec x86_64 noninteractive has 26 B, over its budget of 20 B.'],
      },
    ]);
  });

  it('releases one architecture when the other does not build, and says so', async () => {
    await flake.configure({ arches: ['x86_64', 'aarch64'] });
    const { exitCode, report } = await flake.release('--channel', '26.05');
    expect(exitCode).toBe(1);
    expect(report.channels).toMatchObject([
      {
        outcome: 'released',
        images: [{ arch: 'x86_64' }],
        problems: [expect.stringMatching(/^aarch64 does not build and is left out: Nix failed: /)],
      },
    ]);
  });

  it('builds every image once, though garbage is collected while the other architecture is still building', async () => {
    const [log, hold] = [join(stage.folder, 'builds'), join(stage.folder, 'hold')];
    await flake.contain({ ...STABLE, log, hold });
    await flake.configure({ arches: ['x86_64', 'aarch64'] });
    const run = flake.releaseForAll('--channel', '26.05');
    const lines = async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean).toSorted();
    const roots = () => readdir(join(stage.folder, '.state/builder/roots/nixos-26.05')).catch(() => []);
    await expect.poll(lines, { timeout: 30_000 }).toEqual(['begun aarch64', 'begun x86_64', 'ended x86_64']);
    await expect.poll(roots, { timeout: 30_000 }).toContain('kexec-x86_64-noninteractive');
    await flake.nix('nix-store', '--gc');
    await writeFile(hold, '');
    const { exitCode, stderr, report } = await run;
    expect(exitCode, stderr).toBe(0);
    expect(report.channels).toMatchObject([{ outcome: 'released', images: [{ arch: 'x86_64' }, { arch: 'aarch64' }] }]);
    expect(await lines()).toEqual(['begun aarch64', 'begun x86_64', 'ended aarch64', 'ended x86_64']);
    // Nothing is realised, nor hashed, a second time.
    expect(stderr.match(/^build nixos-26\.05/gm)).toHaveLength(2);

    await flake.configure({ arches: ['x86_64'] });
    await flake.contain({ ...STABLE, revision: 'ccccccc', content: 'two' });
    await flake.release('--channel', '26.05');
    expect(await roots(), 'what the config asks for').toEqual(['kexec-x86_64-noninteractive']);
  });

  it('releases one channel when the other cannot be evaluated', async () => {
    await flake.contain(UNSTABLE);
    const { exitCode, report } = await flake.release();
    expect(exitCode).toBe(1);
    expect(report.channels).toMatchObject([
      { channel: 'nixos-26.05', outcome: 'failed', problems: [expect.stringMatching(/^plan: /)] },
      { channel: 'nixos-unstable', outcome: 'released', problems: [] },
    ]);
  });

  it('tells users that a channel has ended, when the config says so', async () => {
    await flake.release('--channel', '26.05');
    const frozen = {
      since: '2026-12-31T00:00:00.000Z',
      reason: 'NixOS 26.05 ended',
      sunset: '2027-06-30T00:00:00.000Z',
    };
    await flake.configure({ arches: ['x86_64'] }, {}, { frozen });
    const { exitCode, report } = await flake.release('--channel', '26.05');
    expect(exitCode).toBe(0);
    expect(report.channels).toMatchObject([
      {
        outcome: 'frozen',
        steps: [{ step: 'plan' }, { step: 'freeze', detail: 'from now on: NixOS 26.05 ended' }, {}],
      },
    ]);
    const head = async () => (await fetch(`${stage.localEdge.url}/kexec/x86_64.tar.gz`, { method: 'HEAD' })).headers;
    // Until the edge has read the catalog anew.
    await expect
      .poll(async () => (await head()).get('deprecation'), { timeout: 30_000 })
      .toBe(`@${Date.parse(frozen.since) / 1000}`);
    expect((await head()).get('sunset')).toBe('Wed, 30 Jun 2027 00:00:00 GMT');
    const catalog = await (await fetch(`${stage.localEdge.url}/v1/catalog.json`)).text();
    expect(catalog).toContain('NixOS 26.05 ended');
  });

  it('brings what it promoted to the mirror, and goes on there when GitHub failed in between', async () => {
    const mirror = { repository: stage.target.fullName, rolling: true };
    await flake.configure({ arches: ['x86_64'] }, { mirror });
    stage.github.faults.plan({ kind: 'cut' }, ({ path }) => path.startsWith('/uploads/'), Number.POSITIVE_INFINITY);
    const first = await flake.release('--channel', '26.05');
    expect(first.exitCode).toBe(1);
    expect(first.report.channels).toMatchObject([{ outcome: 'failed', version: '26.05.20261120.aaaaaaa' }]);

    stage.github.faults.clear();
    const second = await flake.release('--channel', '26.05');
    expect(second.exitCode).toBe(0);
    expect(second.report.channels).toMatchObject([{ outcome: 'unchanged' }]);
    for (const tag of ['26.05.20261120.aaaaaaa', 'nixos-26.05']) {
      expect(stage.target.published(tag)?.assets).toMatchObject([
        { name: 'nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz', bytes: Buffer.from('one x86_64\n') },
      ]);
    }
    expect(stage.github.differences).toEqual([]);
  });
}, 120_000);
