import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { customisationArchive } from './customisation.ts';

const hasCpio = spawnSync('cpio', ['--version']).status === 0;

describe('the customisation archive', () => {
  it.skipIf(!hasCpio)('unpacks with cpio to one line a key', () => {
    const folder = mkdtempSync(join(tmpdir(), 'customisation-test-'));
    try {
      const keys = ['ssh-ed25519 AAAA alice', 'ssh-ed25519 BBBB bøb'];
      const result = spawnSync('cpio', ['-i', '--quiet'], { cwd: folder, input: customisationArchive(keys) });
      expect(result.stderr.toString()).toBe('');
      expect(result.status).toBe(0);
      const file = join(folder, 'customisation', 'authorized_keys');
      expect(readFileSync(file, 'utf8')).toBe('ssh-ed25519 AAAA alice\nssh-ed25519 BBBB bøb\n');
      expect(statSync(file).mode & 0o777).toBe(0o644);
      expect(statSync(join(folder, 'customisation')).mode & 0o777).toBe(0o755);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
