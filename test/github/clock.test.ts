import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Channel } from '@nixos-images/shared';
import { readCatalog } from 'nixos-images/store';
import * as v from 'valibot';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FaultProxy } from '../faults/fault-proxy.ts';
import { addRelease, type Stage, setStage, todaysAssets, UNTRIED } from './stage.ts';

const CHANNEL = v.parse(Channel, 'nixos-unstable');

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  vi.useRealTimers();
  await stage.stop();
});

it('writes down no time but the server’s, on a machine that thinks that it is 2040', async () => {
  // Answers of the proxy have a Date, as R2's have.
  await using proxy = await FaultProxy.start(new URL(stage.localEdge.s3.endpoint));
  const config = {
    bucket: { endpoint: proxy.endpoint.href, name: stage.localEdge.s3.bucket },
    state: 'state',
    mirror: { repository: stage.target.fullName, rolling: false },
    channels: { [CHANNEL]: { flake: 'path:.', images: [{ kind: 'kexec' }] } },
  };
  await writeFile(join(stage.folder, 'config.mjs'), `export default ${JSON.stringify(config)};\n`);
  addRelease(stage.source, CHANNEL, todaysAssets('one'));
  const began = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2040-01-01T00:00:00Z') });
  process.env['GITHUB_TOKEN'] = 'writer';
  for (const args of [
    ['import', 'github:nix-community/nixos-images', '--all', '--promote', ...UNTRIED],
    ['mirror'],
    ['freeze', 'unstable', '--reason', 'over'],
  ]) {
    const { code, err } = await stage.run(...args);
    expect(code, err).toBe(0);
  }
  vi.useRealTimers();
  const entry = (await readCatalog(stage.bucket))?.catalog.channels[CHANNEL];
  const since = entry?.state.status === 'frozen' ? entry.state.since : undefined;
  for (const time of [entry?.promoted, entry?.current.published, entry?.mirror?.mirrored, since]) {
    expect(Math.abs(Date.parse(time ?? '') - began)).toBeLessThan(3_600_000);
  }
});
