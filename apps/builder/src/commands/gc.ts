import { formatBytes } from '../progress/format.ts';
import { collectPhrase } from '../report/phrases.ts';
import type { Run } from '../run.ts';
import { collectGarbage } from '../steps/gc.ts';

/** `nixos-images gc`: what nothing names any more; deletes it only with `--delete`. */
export async function gcCommand(run: Run, options: { readonly delete: boolean }) {
  const collected = await collectGarbage(run, options);
  const { deleted, garbage, uploads } = collected;
  const releases = garbage.flatMap((each) => [...each.releases.keys()]);
  const blobs = garbage.flatMap((each) => each.blobs);
  const expired = garbage.flatMap((each) => [...each.expired].map(([channel, versions]) => ({ channel, versions })));
  const phrase = collectPhrase(collected);
  const lines = [
    ...releases.map((version) => `  release ${version}`),
    ...blobs.map(({ sha256, size }) => `  blob ${sha256} ${formatBytes(size)}`),
    ...(uploads ?? []).map(({ sha256, begun }) => `  upload of ${sha256}, begun ${begun.toISOString()}`),
  ];
  const next = deleted || lines.length === 0 ? '' : '; run gc --delete to do it';
  return {
    json: {
      deleted,
      bytes: blobs.reduce((sum, { size }) => sum + size, 0),
      releases,
      expired,
      blobs: blobs.map(({ sha256, size }) => ({ sha256, size })),
      uploads: uploads?.map(({ sha256, begun }) => ({ sha256, begun: begun.toISOString() })) ?? null,
    },
    text: [`${phrase}${next}`, ...lines].join('\n'),
  };
}
