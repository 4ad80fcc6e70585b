import { promotePhrase } from '../report/phrases.ts';
import type { Run } from '../run.ts';
import { promoteIfItBoots, releasesToPromote } from '../steps/promote.ts';
import type { Promotion } from '../store/promote.ts';

export interface PromoteCommandOptions {
  readonly dryRun?: boolean | undefined;
  /** Why the boot gate is passed by. */
  readonly withoutBootTest?: string | undefined;
  /** Images that the aliases may lose by it. */
  readonly dropImage?: readonly string[] | undefined;
}

/** `nixos-images promote [CHANNEL or VERSION …]`: moves channels to releases that are published. */
export async function promoteCommand(run: Run, targets: readonly string[], options: PromoteCommandOptions) {
  const promotions: Promotion[] = [];
  for (const manifest of await releasesToPromote(run, targets)) {
    promotions.push(await promoteIfItBoots(run, manifest, options));
  }
  const { dryRun = false } = options;
  const text = promotions.map((promotion) => `${promotion.channel}: ${promotePhrase(promotion, dryRun)}`);
  return {
    json: { promotions: promotions.map(({ before, ...rest }) => ({ ...rest, before: before ?? null })), dryRun },
    text: text.length > 0 ? text.join('\n') : 'nothing to do',
  };
}
