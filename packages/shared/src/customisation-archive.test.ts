import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExtraCmdline, HostName, NO_CUSTOMISATION, PasswordHash, PublicKey } from './customisation.ts';
import { customisationInitrd, customisationTarball } from './customisation-archive.ts';

const BLOB = 'AAAAC3NzaC1lZDI1NTE5AAAAIGJmV1ivPFEyEdOpyGxdCV6GdECNOoJDRcMXJ5jRM8Zp';
const keys = ['alice', 'bob@example.org'].map((comment) => v.parse(PublicKey, `ssh-ed25519 ${BLOB} ${comment}`));
const cmdline = v.parse(ExtraCmdline, 'console=ttyS1,115200 quiet');

const hostname = v.parse(HostName, 'web-1');
const passwordHash = v.parse(PasswordHash, `$y$j9T$${'a'.repeat(22)}$${'b'.repeat(43)}`);
const nothing = NO_CUSTOMISATION;

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

describe('a customisation', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'customisation-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const unpack = (program: string, args: readonly string[], input: Uint8Array): void => {
    const { status, stderr } = spawnSync(program, args, { cwd: folder, input });
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
  };
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

  it.skipIf(!has('cpio'))(
    'is an initrd that cpio unpacks to a file each for keys, command line, host name, and a password that nobody else may read',
    () => {
      unpack('cpio', ['-i', '--quiet'], customisationInitrd({ keys, cmdline, hostname, passwordHash }));
      expect(read('customisation/authorized_keys')).toBe(keys.map((key) => `${key}\n`).join(''));
      expect(read('customisation/cmdline')).toBe(`${cmdline}\n`);
      expect(statSync(join(folder, 'customisation/cmdline')).mode & 0o777).toBe(0o644);
      expect(read('customisation/hostname')).toBe('web-1\n');
      expect(read('customisation/password-hash')).toBe(`${passwordHash}\n`);
      expect(statSync(join(folder, 'customisation/password-hash')).mode & 0o777).toBe(0o600);
      expect(statSync(join(folder, 'customisation')).mode & 0o777).toBe(0o755);
    },
  );

  it.skipIf(!has('cpio'))('has no file in the initrd for what it says nothing about', () => {
    unpack('cpio', ['-i', '--quiet'], customisationInitrd({ ...nothing, keys }));
    expect(readdirSync(join(folder, 'customisation'))).toEqual(['authorized_keys']);
  });

  it.skipIf(!has('tar'))('clears in front of a tarball what an older one said', () => {
    unpack('tar', ['-xz'], customisationTarball({ ...nothing, keys, cmdline }));
    expect(read('kexec/customisation/authorized_keys')).toContain('alice');
    expect(existsSync(join(folder, 'kexec/customisation/cmdline'))).toBe(true);
    unpack('tar', ['-xz'], customisationTarball(nothing));
    expect(read('kexec/customisation/authorized_keys')).toBe('');
    expect(read('kexec/customisation/cmdline')).toBe('');
  });
});
