import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paddingTo, preparedStub, UNIFIED_KERNEL_ALIGNMENT, unifiedKernelHead } from '@nixos-images/shared';
import { efiProgram } from '@nixos-images/shared/testing';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';
import { beforeAll, expect, test } from 'vitest';
import { cachedFolder } from './cached-folder.ts';
import { scratchApt } from './scratch-apt.ts';

const STUBS = { amd64: 'linuxx64.efi.stub', arm64: 'linuxaa64.efi.stub' } as const;

/** systemd's ukify and its stubs, of Debian 13, the first that has them. */
async function provideUkify(): Promise<string> {
  const recipe = ['unified-kernel.test.ts', 'scratch-apt.ts'].map((name) => new URL(name, import.meta.url));
  return cachedFolder('ukify', recipe, async (folder) => {
    const dpkgDeb = await findTool('dpkg-deb', { debian: 'dpkg', nix: 'dpkg' });
    const work = join(folder, 'apt');
    for (const architecture of ['amd64', 'arm64'] as const) {
      const [archives, root] = [join(work, architecture, 'archives'), join(work, architecture, 'root')];
      const apt = await scratchApt({ architecture, suite: 'trixie' }, join(work, architecture));
      const tools = architecture === 'amd64' ? ['systemd-ukify', 'python3-pefile'] : [];
      await apt.get(archives, 'download', 'systemd-boot-efi', ...tools);
      await mkdir(root);
      const { stdout } = await execa('find', [archives, '-name', '*.deb']);
      for (const archive of stdout.split('\n')) await execa(dpkgDeb, ['-x', archive, root]);
      await copyFile(join(root, 'usr/lib/systemd/boot/efi', STUBS[architecture]), join(folder, STUBS[architecture]));
      if (architecture === 'arm64') continue;
      await copyFile(join(root, 'usr/lib/systemd/ukify'), join(folder, 'ukify'));
      await copyFile(join(root, 'usr/lib/python3/dist-packages/pefile.py'), join(folder, 'pefile.py'));
      await execa('cp', ['-r', join(root, 'usr/lib/python3/dist-packages/ordlookup'), folder]);
    }
    await rm(work, { recursive: true });
  });
}

let ukify: string;
beforeAll(async () => {
  ukify = await provideUkify();
});

const padded = (bytes: Uint8Array) => [bytes, new Uint8Array(paddingTo(UNIFIED_KERNEL_ALIGNMENT, bytes.length))];
const OS_RELEASE = 'ID=nixos\nPRETTY_NAME="NixOS installer"\n';

test.for(
  Object.values(STUBS).flatMap((stub) =>
    [
      { kernelSize: 2048, initrdSize: 512, nxCompatible: true, commandLine: 'init=/init' },
      {
        kernelSize: 70_001,
        initrdSize: 4097,
        nxCompatible: false,
        commandLine: `init=/init ${'quiet '.repeat(200)}end`,
      },
      { kernelSize: 8191, initrdSize: 1_000_003, nxCompatible: true, commandLine: 'console=tty0 panic=30' },
    ].map((image) => ({ ...image, stub })),
  ),
)(
  "a unified kernel image is systemd's ukify's, byte for byte: $stub, kernel of $kernelSize, initrd of $initrdSize bytes",
  async ({ stub, kernelSize, initrdSize, nxCompatible, commandLine }) => {
    const folder = await mkdtemp(join(tmpdir(), 'nixos-images-ukify-'));
    try {
      const kernel = new Uint8Array(kernelSize).fill(7);
      kernel.set(efiProgram({ nxCompatible }));
      // ukify takes over a kernel's own SBAT; neither Debian's nor NixOS's kernels have one.
      kernel.set(Buffer.from('.data'), kernel.indexOf(0x2e));
      const initrd = new Uint8Array(initrdSize).fill(9);
      const file = (name: string) => join(folder, name);
      await writeFile(file('kernel'), kernel);
      await writeFile(file('initrd'), initrd);
      await writeFile(file('os-release'), OS_RELEASE);
      await execa(
        'python3',
        [
          ...[join(ukify, 'ukify'), 'build', '--stub', join(ukify, stub), '--output', file('image.efi')],
          ...['--linux', file('kernel'), '--initrd', file('initrd'), '--cmdline', commandLine],
          ...['--os-release', `@${file('os-release')}`, '--efi-arch', stub.includes('x64') ? 'x64' : 'aa64'],
        ],
        { env: { PYTHONPATH: ukify } },
      );
      const head = unifiedKernelHead({
        stub: preparedStub(await readFile(join(ukify, stub)), kernel),
        osRelease: OS_RELEASE,
        commandLine,
        kernelSize,
        initrdSize,
      });
      const ours = Buffer.concat([head, ...padded(kernel), ...padded(initrd)]);
      expect(ours.equals(await readFile(file('image.efi')))).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
