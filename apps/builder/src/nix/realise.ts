import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Channel, imageIdWord } from '@nixos-images/shared';
import type { Config } from '../config.ts';
import type { Progress } from '../progress/progress.ts';
import type { EvaluatedImage } from './evaluate.ts';
import { runNix } from './run.ts';

export interface RealiseOptions {
  /** Of the task that a user watches. */
  readonly title: string;
  readonly cwd: string;
  /** Folder for the GC roots. */
  readonly state: string;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

/** Title of a derivation for people: its name without hash and ending. */
function titleOf(derivation: string): string {
  return basename(derivation)
    .replace(/^[0-9a-z]{32}-/, '')
    .replace(/\.drv$/, '');
}

/**
 * Builds (or substitutes) images, several at once if Nix is configured so, and pins each with a GC root of its own, so that it
 * stays until that image is built anew.
 * @throws Failure with Nix's own words when one does not build.
 */
export async function realise(
  channel: Channel,
  images: readonly EvaluatedImage[],
  options: RealiseOptions,
): Promise<void> {
  if (images.length === 0) return;
  const roots = rootsOf(options.state, channel);
  await mkdir(roots, { recursive: true });
  await buildAll(images, options);
  // One call takes one name for its roots: this one finds everything built, unless a collection was faster, and then builds it again.
  const { cwd, signal } = options;
  for (const { facts, derivation } of images) {
    const root = join(roots, imageIdWord(facts));
    await runNix('nix-store', ['--realise', derivation, '--add-root', root, '--indirect'], { cwd, signal });
  }
}

/** Lets go of the outputs of images that the config no longer asks for. */
export async function dropStaleRoots({ state, channels }: Config, channel: Channel): Promise<void> {
  const images = channels[channel]?.images ?? [];
  const wanted = new Set(
    images.flatMap(({ kind, variant, arches }) => arches.map((arch) => imageIdWord({ kind, arch, variant }))),
  );
  const roots = rootsOf(state, channel);
  for (const name of await readdir(roots).catch(() => [])) {
    if (!wanted.has(name)) await rm(join(roots, name), { recursive: true, force: true });
  }
}

function rootsOf(state: string, channel: Channel): string {
  return join(state, 'roots', channel);
}

async function buildAll(
  images: readonly EvaluatedImage[],
  { title, cwd, progress, signal }: RealiseOptions,
): Promise<void> {
  const task = progress.begin(title);
  const running = new Map<number, string>();
  const counts = { id: -1, done: 0, expected: 0 };
  const show = () => {
    const count = counts.expected > 0 ? `${counts.done}/${counts.expected} ` : '';
    task.detail(`${count}${[...running.values()].join(', ')}`);
  };
  // nix-store rather than `nix build`: what a .drv path means to the latter differs between Nix versions.
  const args = ['--realise', ...images.map(({ derivation }) => derivation)];
  try {
    await runNix('nix-store', args, {
      cwd,
      signal,
      onEvent: (event) => {
        if (event.type === 'builds-announced') counts.id = event.id;
        else if (event.type === 'progress' && event.id === counts.id) Object.assign(counts, event);
        else if (event.type === 'build-started') running.set(event.id, titleOf(event.derivation));
        else if (event.type === 'phase')
          running.set(event.id, `${running.get(event.id) ?? ''} (${event.phase})`.replace(/ \(.*\)(?= \()/, ''));
        else if (event.type === 'stopped') running.delete(event.id);
        else return;
        show();
      },
    });
  } catch (error) {
    task.drop();
    throw error;
  }
  task.end(
    counts.done === 0 ? 'all in the store already' : `${counts.done} derivation${counts.done === 1 ? '' : 's'} built`,
  );
}
