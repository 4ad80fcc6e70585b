import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../failure.ts';
import { findTool } from './tool.ts';

const PACKAGED_IN = { debian: 'qemu-system-x86', nix: 'qemu' };

describe('finding a tool', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('gives its path', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tool-test-'));
    await writeFile(join(folder, 'some-tool'), '');
    await chmod(join(folder, 'some-tool'), 0o755);
    vi.stubEnv('PATH', `/nowhere:${folder}`);
    expect(await findTool('some-tool', PACKAGED_IN)).toBe(join(folder, 'some-tool'));
    await rm(folder, { recursive: true });
  });

  it('names a missing tool and the packages that bring it, as a usage error', async () => {
    await expect(findTool('no-such-tool', PACKAGED_IN)).rejects.toMatchObject({
      message: expect.stringContaining('no-such-tool'),
      remedy: expect.stringMatching(/apt-get install qemu-system-x86.*nixpkgs#qemu/),
      exitCode: EXIT.usage,
    });
  });
});
