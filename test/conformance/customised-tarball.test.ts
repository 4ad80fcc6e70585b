import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CustomisationArea } from '@nixos-images/shared';
import { execa } from 'execa';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedRelease, serveRelease } from './served-release.ts';

const PACK = join(import.meta.dirname, '../../nix/kexec/pack');
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHrSB7SECi8kVkOD36UWg2m0m1Hbw0jFjWmCGDCjW3wD alice@example.org';
const WITH_KEY = `/with/key:${Buffer.from(KEY).toString('base64url')}`;
const TARBALL = '/kexec/x86_64.tar.gz';

/** Every way to read a gzip stream that people have: each takes the tarball on stdin and unpacks it where it runs. */
const READERS: readonly (readonly [string, string, readonly string[]])[] = [
  ['GNU tar', 'tar', ['-xzf', '-']],
  ['busybox', 'busybox', ['tar', '-xzf', '-']],
  ['bsdtar', 'bsdtar', ['-xzf', '-']],
  // It reads one gzip member and no more.
  [
    'Python',
    'python3',
    ['-c', "import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode='r|gz').extractall()"],
  ],
];

describe('a tarball with room for a customisation', () => {
  let served: ServedRelease;
  let folder: string;
  let area: CustomisationArea;
  const bytesOf = async (path: string) =>
    Buffer.from(await (await fetch(`${served.localEdge.url}${path}`)).arrayBuffer());

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nixos-images-tarball-'));
    await mkdir(join(folder, 'kexec'));
    for (const name of ['run', 'save.sh', 'busybox']) await writeFile(join(folder, 'kexec', name), `${name}\n`);
    await writeFile(join(folder, 'kexec/image.conf'), 'arch=x86_64\n');
    await writeFile(join(folder, 'kexec/initrd'), Buffer.alloc(300_000, 7));
    area = v.parse(CustomisationArea, JSON.parse((await execa(PACK, [folder, join(folder, 'tarball')])).stdout));
    const bytes = Uint8Array.from(await readFile(join(folder, 'tarball')));
    served = await serveRelease({ content: { role: 'tarball', bytes, area }, variants: [] });
  });
  afterAll(async () => {
    await served.stop();
    await rm(folder, { recursive: true });
  });

  it.each(READERS)(
    'is read in full by %s, customised or plain, and each leaves nothing of the other',
    async (name, program, options) => {
      const target = join(folder, name.replace(' ', '-'));
      await mkdir(target);
      const image = join(target, 'kexec/customisation.img');
      await execa(program, options, { cwd: target, input: await bytesOf(`${WITH_KEY}${TARBALL}`) });
      await execa('cpio', ['-i', '--quiet'], { cwd: target, input: await readFile(image) });
      expect(await readFile(join(target, 'customisation/authorized_keys'), 'utf8')).toBe(`${KEY}\n`);
      expect(await readFile(join(target, 'kexec/initrd'))).toEqual(Buffer.alloc(300_000, 7));

      await execa(program, options, { cwd: target, input: await bytesOf(TARBALL) });
      expect((await readFile(image)).every((byte) => byte === 0)).toBe(true);
    },
  );

  it('is changed within that room alone, and says how to check the rest', async () => {
    const [plain, custom] = [await bytesOf(TARBALL), await bytesOf(`${WITH_KEY}${TARBALL}`)];
    const end = area.offset + area.length;
    expect(custom.length).toBe(plain.length);
    expect(custom.subarray(0, area.offset).equals(plain.subarray(0, area.offset))).toBe(true);
    expect(custom.subarray(end).equals(plain.subarray(end))).toBe(true);

    const described = await (await fetch(`${served.localEdge.url}${WITH_KEY}/kexec/x86_64.json`)).json();
    const { customisation } = v.parse(v.object({ customisation: v.object({ check: v.string() }) }), described);
    await writeFile(join(folder, 'FILE'), custom);
    const { stdout } = await execa('sh', ['-c', customisation.check], { cwd: folder });
    expect(stdout.split(' ')[0]).toBe(createHash('sha256').update(plain).digest('hex'));
  });
});
