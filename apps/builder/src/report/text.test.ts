import { Channel, timeOf, Variant, Version } from '@nixos-images/shared';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { budgetProblems } from './channel-report.ts';
import { type ChannelReport, type ImageReport, type ReleaseReport, succeeded } from './report.ts';
import { reportMarkdown, reportText } from './text.ts';

const image: ImageReport = {
  kind: 'iso',
  arch: 'x86_64',
  variant: v.parse(Variant, 'interactive'),
  bytes: 1_100_000_000,
  formerBytes: 1_000_000_000,
  budget: 1_200_000_000,
  kernel: '6.18.1',
  formerKernel: '6.18.0',
  boots: [
    { path: 'iso-bios-cd', outcome: 'booted', seconds: 41 },
    { path: 'iso-uefi-usb', outcome: 'not-tried', reason: 'no firmware | here' },
  ],
};

const channel: ChannelReport = {
  channel: v.parse(Channel, 'nixos-26.05'),
  outcome: 'released',
  before: v.parse(Version, '26.05.20260820.e17386d'),
  version: v.parse(Version, '26.05.20260827.0dd31db'),
  steps: [
    { step: 'build', seconds: 125, outcome: 'done', detail: '3 images' },
    { step: 'mirror', seconds: 0, outcome: 'skipped', reason: 'the config names none' },
  ],
  images: [image],
  dropped: ['iso aarch64 interactive'],
  bootGateSkipped: undefined,
  problems: [],
};

const report: ReleaseReport = {
  schema: 1,
  begun: timeOf(new Date('2026-08-27T04:00:00.000Z')),
  took: 4000,
  lock: 'updated',
  channels: [channel],
  collected: 'nothing to collect',
  problems: [],
};

const failing: ReleaseReport = {
  ...report,
  channels: [
    channel,
    {
      ...channel,
      channel: v.parse(Channel, 'nixos-unstable'),
      outcome: 'failed',
      images: [],
      steps: [{ step: 'plan', seconds: 2, outcome: 'failed', reason: 'Nix failed.', remedy: 'See for yourself.' }],
      problems: ['Nix failed.'],
    },
  ],
};

describe('a report of a weekly run', () => {
  it('says in text what is new, how large, how fast it booted and what was skipped', () => {
    expect(reportText(report)).toBe(
      [
        'lock: updated',
        'nixos-26.05: released 26.05.20260827.0dd31db, after 26.05.20260820.e17386d',
        '  build: 3 images (2 min 5 s)',
        '  mirror: skipped, the config names none',
        '  iso x86_64 interactive, 1.1 GB (+100.0 MB, 10.0 %, 92 % of its budget), 6.18.1, before 6.18.0, iso-bios-cd 41 s, iso-uefi-usb not tried: no firmware | here',
        '  no longer released: iso aarch64 interactive',
        'garbage: nothing to collect',
        'Release run went well: 1 released, in 1 h 6 min',
      ].join('\n'),
    );
  });

  it('keeps its table whole in Markdown, whatever a reason contains', () => {
    const rows = reportMarkdown(report)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(3);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(6);
  });

  it('is bad as soon as one channel is', () => {
    expect(succeeded(report)).toBe(true);
    expect(succeeded(failing)).toBe(false);
    expect(reportText(failing)).toContain('Release run had problems: 1 released, 1 failed');
    expect(reportText(failing)).toContain('  plan: failed (2 s): Nix failed. See for yourself.');
    expect(reportMarkdown(failing)).toContain('> [!CAUTION]\n> Nix failed.');
  });
});

describe('budgetProblems', () => {
  it('names what is over its budget, to the byte', () => {
    expect(budgetProblems([{ ...image, bytes: 10, budget: 10 }])).toEqual([]);
    expect(budgetProblems([{ ...image, bytes: 11, budget: 10 }])).toEqual([
      'iso x86_64 interactive has 11 B, over its budget of 10 B.',
    ]);
    expect(budgetProblems([{ ...image, budget: undefined }])).toEqual([]);
  });
});
