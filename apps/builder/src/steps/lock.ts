import { readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import * as v from 'valibot';
import type { Config } from '../config.ts';
import { type NixOptions, runNix } from '../nix/run.ts';

const LockFile = v.object({
  root: v.string(),
  nodes: v.record(
    v.string(),
    v.object({
      inputs: v.optional(v.record(v.string(), v.union([v.string(), v.array(v.string())])), {}),
      locked: v.optional(v.object({ rev: v.optional(v.string()), narHash: v.optional(v.string()) })),
    }),
  ),
});

/** The folder of a flake on this machine; undefined for one that is fetched. */
export function localFlakeFolder(flake: string, folder: string): string | undefined {
  const path = flake.replace(/^path:/, '').replace(/\?.*$/, '');
  if (path !== flake.replace(/\?.*$/, '') || isAbsolute(path) || /^\.{1,2}(\/|$)/.test(path))
    return resolve(folder, path);
  return undefined;
}

/**
 * What differs between two states of a `flake.lock`, one phrase an input of the flake itself: `nixos-unstable 9f78f44 to 0dd31db`.
 * Undefined stands for a flake without a lock.
 */
export function lockChanges(before: string | undefined, after: string | undefined): string[] {
  const [old, now] = [pins(before), pins(after)];
  return [...new Set([...old.keys(), ...now.keys()])].toSorted().flatMap((input) => {
    const [from, to] = [old.get(input), now.get(input)];
    if (from === to) return [];
    if (from === undefined) return [`${input} new at ${to}`];
    return [to === undefined ? `${input} gone` : `${input} ${from} to ${to}`];
  });
}

function pins(text: string | undefined): Map<string, string> {
  if (text === undefined) return new Map();
  const { root, nodes } = v.parse(LockFile, JSON.parse(text));
  return new Map(
    Object.entries(nodes[root]?.inputs ?? {}).flatMap(([input, node]) => {
      // A list is a path to an input of another flake, which is pinned there.
      const locked = typeof node === 'string' ? nodes[node]?.locked : undefined;
      const pin = locked?.rev?.slice(0, 7) ?? locked?.narHash;
      return pin === undefined ? [] : [[input, pin]];
    }),
  );
}

/** What became of the locks. */
export interface LockUpdate {
  /** How many flakes of the config are on this machine. */
  readonly flakes: number;
  /** One phrase for each input that is somewhere else now. */
  readonly changes: readonly string[];
}

/** Renews the locks of the flakes on this machine that the channels are built from. */
export async function updateLocks(config: Config, signal: AbortSignal): Promise<LockUpdate> {
  const flakes = new Map(
    Object.values(config.channels).flatMap(({ flake, frozen }): [string, string][] => {
      const folder = frozen === undefined ? localFlakeFolder(flake, config.folder) : undefined;
      return folder === undefined ? [] : [[folder, flake]];
    }),
  );
  const changes: string[] = [];
  for (const [folder, flake] of flakes) {
    const read = () => readFile(join(folder, 'flake.lock'), 'utf8').catch(() => undefined);
    const before = await read();
    const nix = { cwd: config.folder, signal };
    await runNix('nix', ['flake', 'update', ...(await flakeArguments(flake, nix))], nix);
    changes.push(...lockChanges(before, await read()));
  }
  return { flakes: flakes.size, changes };
}

/** Since Nix 2.19 the arguments of `flake update` are inputs, and the flake has an option. */
async function flakeArguments(flake: string, nix: NixOptions): Promise<string[]> {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(await runNix('nix', ['--version'], nix)) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 19) ? ['--flake', flake] : [flake];
}
