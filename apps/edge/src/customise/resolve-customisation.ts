import type { Customisation, ResolvedCustomisation } from '@nixos-images/shared';
import type { Problem } from '../problem.ts';
import { accountKeys } from './account-keys.ts';

/** Looks up the keys of accounts; a problem if that fails. */
export async function resolveCustomisation(
  { github, keys, cmdline }: Customisation,
  githubOrigin: string,
): Promise<ResolvedCustomisation | Problem> {
  const all = [...keys];
  for (const user of github) {
    const found = await accountKeys(user, githubOrigin);
    if ('sentence' in found) return found;
    all.push(...found);
  }
  return { keys: all, cmdline };
}
