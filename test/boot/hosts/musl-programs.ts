import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { findTool } from 'nixos-images/boot';
import { cachedFolder } from '../cached-folder.ts';
import { scratchApt } from '../scratch-apt.ts';

/** Programs that are linked to musl as Alpine's and OpenWrt's are: each is a file. */
export interface MuslPrograms {
  readonly busybox: string;
  /** An SSH server that looks for root's keys in /etc/dropbear, as OpenWrt's does. */
  readonly dropbear: string;
  /** Turns an OpenSSH key into dropbear's form; runs as `loader dropbearconvert …` on machines without musl. */
  readonly dropbearconvert: string;
  /** Loader and C library in one, which the programs look for as /lib/ld-musl-x86_64.so.1. */
  readonly loader: string;
}

/** Builds them from Debian's sources; once. Debian packages musl and its compiler, and nothing that is built with it. */
export async function muslPrograms(): Promise<MuslPrograms> {
  const builder = new URL('build-musl-programs.sh', import.meta.url);
  const recipe = [builder, ...['musl-programs.ts', '../scratch-apt.ts'].map((name) => new URL(name, import.meta.url))];
  const made = await cachedFolder('musl-programs', recipe, async (folder) => {
    for (const tool of ['gcc', 'make', 'patch', 'bzip2']) await findTool(tool, { debian: tool, nix: tool });
    const work = join(folder, 'apt');
    const packages = join(work, 'packages');
    const apt = await scratchApt({ architecture: 'amd64' }, work);
    await mkdir(packages);
    await apt.get(packages, 'source', '--download-only', 'busybox', 'dropbear');
    // Without what they depend on: that is the machine's compiler.
    await apt.get(packages, 'download', 'musl', 'musl-dev', 'linux-libc-dev');
    await execa(fileURLToPath(builder), [packages, folder]);
    await rm(work, { recursive: true });
  });
  const part = (name: string): string => join(made, name);
  return {
    busybox: part('busybox'),
    dropbear: part('dropbear'),
    dropbearconvert: part('dropbearconvert'),
    loader: part('ld-musl-x86_64.so.1'),
  };
}
