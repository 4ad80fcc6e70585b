import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Channel } from '@nixos-images/shared';
import type { Progress } from '../progress/progress.ts';
import type { EvaluatedImage } from './evaluate.ts';
import { runNix } from './run.ts';

export interface RealiseOptions {
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
 * Builds (or substitutes) images, several at once if Nix is configured so, and pins their store paths with GC roots, so
 * that they stay until the channel is built anew.
 * @throws Failure with Nix's own words when one does not build.
 */
export async function realise(
  channel: Channel,
  images: readonly EvaluatedImage[],
  { cwd, state, progress, signal }: RealiseOptions,
): Promise<void> {
  if (images.length === 0) return;
  const roots = join(state, 'roots', channel);
  await rm(roots, { recursive: true, force: true });
  await mkdir(roots, { recursive: true });
  const task = progress.begin(`build ${channel}`);
  const running = new Map<number, string>();
  const counts = { id: -1, done: 0, expected: 0 };
  const show = () => {
    const count = counts.expected > 0 ? `${counts.done}/${counts.expected} ` : '';
    task.detail(`${count}${[...running.values()].join(', ')}`);
  };
  // nix-store rather than `nix build`: what a .drv path means to the latter differs between Nix versions.
  const args = [
    '--realise',
    ...images.map(({ derivation }) => derivation),
    '--add-root',
    join(roots, 'image'),
    '--indirect',
  ];
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
