import { appendFile, writeFile } from 'node:fs/promises';
import { runRelease } from '../release-run.ts';
import { succeeded } from '../report/report.ts';
import { reportMarkdown, reportText } from '../report/text.ts';
import type { Run } from '../run.ts';

export interface ReleaseCommandOptions {
  readonly channel: readonly string[];
  readonly updateLock?: boolean | undefined;
  readonly withoutBootTest?: string | undefined;
  readonly dropImage: readonly string[];
  readonly gc: boolean;
  /** File that gets the report as JSON. */
  readonly report?: string | undefined;
}

/** `nixos-images release`: the whole weekly run, with one report at its end. */
export async function releaseCommand(run: Run, options: ReleaseCommandOptions) {
  const report = await runRelease(run, {
    channels: options.channel,
    updateLock: options.updateLock ?? false,
    withoutBootTest: options.withoutBootTest,
    dropImage: options.dropImage,
    collectGarbage: options.gc,
  });
  const { report: file } = options;
  if (file !== undefined) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  // GitHub Actions shows what stands there on the page of the run.
  const summary = process.env['GITHUB_STEP_SUMMARY'];
  if (summary) await appendFile(summary, reportMarkdown(report));
  return { json: report, text: reportText(report), failed: !succeeded(report) };
}
