import { type CatalogChannel, stageOf } from './catalog.ts';

/** Days after which a channel that is alive and got no release is stale: one weekly run may fail, two may not. */
export const STALE_AFTER_DAYS = 10;

const DAY = 24 * 60 * 60 * 1000;

/** Days since a channel was moved to its current release. */
export function ageInDays({ promoted }: Pick<CatalogChannel, 'promoted'>, now: Date): number {
  return (now.getTime() - Date.parse(promoted)) / DAY;
}

/** Whether a channel should have got a release by now. One that upstream ended never should. */
export function isStale(
  entry: Pick<CatalogChannel, 'state' | 'stage' | 'promoted'>,
  now: Date,
  limitDays: number = STALE_AFTER_DAYS,
): boolean {
  const stage = stageOf(entry, now.getTime());
  return (stage === 'stable' || stage === 'beta') && ageInDays(entry, now) > limitDays;
}
