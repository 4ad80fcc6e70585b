import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import {
  blake2bHex,
  formatPublicKey,
  generateKey,
  parsePublicKey,
  parseSigningKey,
  signatureFault,
  signatureOf,
} from 'nixos-images/sign';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBuilder } from './run-builder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-minisign-'));
});
afterAll(() => rm(folder, { recursive: true }));

const TEXT = 'what is signed\n';

function minisign(...args: readonly string[]) {
  return execa('minisign', args, { cwd: folder, reject: false });
}

describe('signatures, held against Debian’s minisign', () => {
  it('verify with it, trusted comment and all', async () => {
    const key = generateKey();
    await writeFile(join(folder, 'file'), TEXT);
    await writeFile(join(folder, 'key.pub'), key.public);
    const signature = signatureOf(parseSigningKey(key.secret), blake2bHex(TEXT), 'file:file\tversion:1');
    await writeFile(join(folder, 'file.minisig'), signature);
    const good = await minisign('-V', '-p', 'key.pub', '-m', 'file');
    expect(good.stdout).toContain('Signature and comment signature verified');
    expect(good.stdout).toContain('file:file\tversion:1');
    await writeFile(join(folder, 'file'), 'something else\n');
    expect((await minisign('-V', '-p', 'key.pub', '-m', 'file')).exitCode).toBe(1);
  });

  it('of minisign verify here, made with a key of keygen', async () => {
    const { publicKey } = JSON.parse(await runBuilder('keygen', join(folder, 'k'), '--json'));
    await writeFile(join(folder, 'other'), TEXT);
    const made = await minisign('-S', '-W', '-s', 'k', '-m', 'other', '-t', 'by minisign');
    expect(made.exitCode, made.stderr).toBe(0);
    const { stdout: signature } = await execa('cat', [join(folder, 'other.minisig')]);
    const trusted = [parsePublicKey(publicKey)];
    const comment = 'by minisign';
    const right = { comment, blake2b: blake2bHex(TEXT) };
    expect(signatureFault(trusted, signature, right)).toBeUndefined();
    expect(signatureFault(trusted, signature, { comment, blake2b: blake2bHex('else') })).toBe('does not fit the file');
    expect(signatureFault(trusted, signature, { comment, blake2b: undefined })).toBeUndefined();
    expect(signatureFault(trusted, signature, { ...right, comment: 'by me' })).toMatch(/^vouches for something else/);
    expect(
      signatureFault(trusted, signature.replace('by minisign', 'by nobody'), { comment, blake2b: undefined }),
    ).toBe('has a forged comment');
    expect(signatureFault([], signature, right)).toMatch(/which the config does not list/);
  });

  it('keys of minisign are read as it writes them', async () => {
    expect((await minisign('-G', '-W', '-p', 'm.pub', '-s', 'm.key')).exitCode).toBe(0);
    const [{ stdout: secret }, { stdout: pub }] = await Promise.all([
      execa('cat', [join(folder, 'm.key')]),
      execa('cat', [join(folder, 'm.pub')]),
    ]);
    expect(formatPublicKey(parseSigningKey(secret)).trim()).toBe(pub.trim());
  });

  it('ids that begin with a zero are written without it, as minisign does', () => {
    // Made by Debian's minisign; one key in sixteen is like this.
    const pub = `untrusted comment: minisign public key 5E81B8ADE1C6F52
RWRSbxzeihvoBTt5fsGUQpBDGf91vwbuAWmTw+aB2TD//um9ibpk9ps4
`;
    expect(formatPublicKey(parsePublicKey(pub))).toBe(pub);
  });
});
