import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listedFilesOf } from '@nixos-images/shared';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedRelease, serveRelease } from './served-release.ts';

describe('a checksum', () => {
  let served: ServedRelease;
  let scratch: string;
  let folder: string;
  beforeAll(async () => {
    served = await serveRelease();
    scratch = await mkdtemp(join(tmpdir(), 'nixos-images-checksums-'));
  });
  afterAll(async () => {
    await served.stop();
    await rm(scratch, { recursive: true });
  });

  const at = (address: string) => `${served.localEdge.url}${address}`;
  /** Runs a program in an empty folder, which the programs after it share. */
  const first = async (program: string, options: readonly string[]) => {
    folder = await mkdtemp(join(scratch, 'client-'));
    await then(program, options);
  };
  const then = (program: string, options: readonly string[]) => execa(program, options, { cwd: folder });
  const checked = async (sums: string) => (await then('sha256sum', ['-c', '--strict', sums])).stdout.split('\n');
  const files = () => served.release.manifest.images.flatMap(listedFilesOf).map(({ file }) => file.name);
  const pinned = (name: string) => at(`/releases/${served.release.manifest.version}/${name}`);

  it.each([
    ['/iso/x86_64.iso', 'x86_64.iso'],
    ['/iso@26.05/arm64.iso', 'arm64.iso'],
    ['/kexec/amd64.tar.gz', 'amd64.tar.gz'],
    ['/kexec/x86_64/low-memory.tar.gz', 'low-memory.tar.gz'],
    ['/netboot/x86_64/kernel', 'kernel'],
    ['/netboot/x86_64/initrd', 'initrd'],
    ['/netboot/x86_64/cmdline', 'cmdline'],
    ['/netboot/x86_64.ipxe', 'x86_64.ipxe'],
    ['/netboot/x86_64.efi', 'x86_64.efi'],
    ['/netboot/x86_64/head', 'head'],
  ])('of %s is for the file that wget saves', async (address, saved) => {
    await first('wget', ['-q', at(address), at(`${address}.sha256`)]);
    expect(await checked(`${saved}.sha256`)).toEqual([`${saved}: OK`]);
  });

  it.each([
    ['/kexec/x86_64', 'smoke-kexec-26.05.20260820.e17386d-x86_64-noninteractive.tar.gz', 'x86_64.sha256'],
    ['/kexec/arm64/low-memory', 'smoke-kexec-26.05.20260820.e17386d-aarch64-low-memory.tar.gz', 'low-memory.sha256'],
    ['/iso/x86_64', 'smoke-iso-26.05.20260820.e17386d-x86_64-interactive.iso', 'x86_64.sha256'],
  ])('of %s, which has no extension, is for the file that curl -OJ saves', async (address, saved, sums) => {
    await first('curl', ['-sS', '--fail', '-OJ', at(address)]);
    expect(await readdir(folder)).toEqual([saved]);
    await then('curl', ['-sS', '--fail', '-O', at(`${address}.sha256`)]);
    expect(await checked(sums)).toEqual([`${saved}: OK`]);
  });

  it('of every file of a release stands beside it, and in SHA256SUMS', async () => {
    const names = files().toSorted();
    expect(names.length).toBeGreaterThan(10);
    await first('wget', [
      '-q',
      pinned('SHA256SUMS'),
      ...names.flatMap((name) => [pinned(name), pinned(`${name}.sha256`)]),
    ]);
    const all = names.map((name) => `${name}: OK`);
    expect(await checked('SHA256SUMS')).toEqual(expect.arrayContaining(all));
    expect((await Promise.all(names.map((name) => checked(`${name}.sha256`)))).flat()).toEqual(all);
  });

  it('fails for other bytes', async () => {
    await first('wget', ['-q', at('/iso/x86_64.iso.sha256')]);
    await then('curl', ['-sS', '--fail', '-o', 'x86_64.iso', at('/iso/aarch64.iso')]);
    await expect(checked('x86_64.iso.sha256')).rejects.toThrow('x86_64.iso: FAILED');
  });

  it("is found by its address for Ansible's get_url, whatever has an extension, is a part or is pinned", async () => {
    folder = await mkdtemp(join(scratch, 'client-'));
    const iso = files().find((name) => name.endsWith('x86_64-interactive.iso')) ?? '';
    const downloads = [
      [at('/iso/x86_64.iso'), at('/iso/x86_64.iso.sha256')],
      [at('/netboot/x86_64/kernel'), at('/netboot/x86_64/kernel.sha256')],
      [pinned(iso), pinned('SHA256SUMS')],
    ];
    const tasks = downloads.map(([url, sum], index) => ({
      get_url: { url, checksum: `sha256:${sum}`, dest: join(folder, `${index}`) },
    }));
    // JSON is YAML.
    await writeFile(join(folder, 'play'), JSON.stringify([{ hosts: 'localhost', gather_facts: false, tasks }]));
    const env = { ANSIBLE_HOME: join(folder, 'home'), ANSIBLE_PIPELINING: 'true', LC_ALL: 'C.UTF-8' };
    await execa('ansible-playbook', ['play'], { cwd: folder, env });
    expect((await readdir(folder)).toSorted()).toEqual(['0', '1', '2', 'home', 'play']);
  });
});
