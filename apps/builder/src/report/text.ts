import { formatImageId } from '@nixos-images/shared';
import { formatBytes, formatSeconds } from '../progress/format.ts';
import type { ChannelReport, ImageReport, ReleaseReport, Step } from './report.ts';
import { succeeded } from './report.ts';

/** A report for a terminal. */
export function reportText(report: ReleaseReport): string {
  const lines = report.channels.flatMap((channel) => [
    headline(channel),
    ...channelLines(channel).map((line) => `  ${line}`),
  ]);
  return [
    `lock: ${report.lock}`,
    ...lines,
    `garbage: ${report.collected}`,
    ...report.problems.map((problem) => `problem: ${problem}`),
    verdict(report),
  ].join('\n');
}

/** A report for GitHub's step summary, in its Markdown. */
export function reportMarkdown(report: ReleaseReport): string {
  const parts = report.channels.map((channel) =>
    [
      `## ${headline(channel)}`,
      ...channel.problems.map((problem) => `> [!CAUTION]\n> ${problem}\n`),
      ...(channel.images.length > 0 ? [imageTable(channel)] : []),
      ...notes(channel).map((note) => `- ${note}`),
      `<details><summary>Steps</summary>\n\n${channel.steps.map((step) => `- ${stepLine(step)}`).join('\n')}\n\n</details>`,
    ].join('\n\n'),
  );
  return [
    `# ${verdict(report)}`,
    ...parts,
    `Lock: ${report.lock}. Garbage: ${report.collected}.`,
    ...report.problems.map((problem) => `> [!CAUTION]\n> ${problem}`),
    '',
  ].join('\n\n');
}

function verdict(report: ReleaseReport): string {
  const count = (outcome: ChannelReport['outcome']) =>
    report.channels.filter((channel) => channel.outcome === outcome).length;
  const counts = (['released', 'behind', 'unchanged', 'frozen', 'failed'] as const)
    .filter((outcome) => count(outcome) > 0)
    .map((outcome) => `${count(outcome)} ${outcome}`);
  const how = succeeded(report) ? 'Release run went well' : 'Release run had problems';
  return `${how}: ${counts.join(', ') || 'no channels'}, in ${formatSeconds(report.took)}`;
}

function headline({ channel, outcome, before, version }: ChannelReport): string {
  switch (outcome) {
    case 'released':
      return `${channel}: released ${version}${before === undefined ? '' : `, after ${before}`}`;
    case 'behind':
      return `${channel}: published ${version}, which is older than ${before}; it stays there`;
    case 'unchanged':
      return `${channel}: nothing new since ${before}`;
    case 'frozen':
      return `${channel}: frozen${before === undefined ? '' : ` at ${before}`}`;
    case 'failed':
      return `${channel}: failed${before === undefined ? '' : `, still at ${before}`}`;
  }
}

function channelLines(channel: ChannelReport): string[] {
  return [
    ...channel.steps.map(stepLine),
    ...channel.images.map(imageLine),
    ...notes(channel),
    ...channel.problems.map((problem) => `problem: ${problem}`),
  ];
}

function notes(channel: ChannelReport): string[] {
  return [
    ...channel.dropped.map((image) => `no longer released: ${image}`),
    ...(channel.bootGateSkipped === undefined ? [] : [`no boot test: ${channel.bootGateSkipped}`]),
  ];
}

function stepLine(step: Step): string {
  const time = step.seconds >= 1 ? ` (${formatSeconds(step.seconds)})` : '';
  switch (step.outcome) {
    case 'done':
      return `${step.step}: ${step.detail}${time}`;
    case 'skipped':
      return `${step.step}: skipped, ${step.reason}`;
    case 'failed':
      return `${step.step}: failed${time}: ${step.reason}${step.remedy === undefined ? '' : ` ${step.remedy}`}`;
  }
}

function imageLine(image: ImageReport): string {
  const parts = [formatImageId(image), sizeText(image), kernelText(image), bootText(image)];
  return parts.filter((part) => part !== '').join(', ');
}

function sizeText({ bytes, formerBytes, budget }: ImageReport): string {
  const change = formerBytes === undefined ? 'new' : difference(bytes, formerBytes);
  const share = budget === undefined ? '' : `, ${Math.round((100 * bytes) / budget)} % of its budget`;
  return `${formatBytes(bytes)} (${change}${share})`;
}

function difference(bytes: number, former: number): string {
  if (bytes === former) return 'same size';
  const percent = former === 0 ? '' : `, ${((100 * Math.abs(bytes - former)) / former).toFixed(1)} %`;
  return `${bytes > former ? '+' : '-'}${formatBytes(Math.abs(bytes - former))}${percent}`;
}

function kernelText({ kernel, formerKernel }: ImageReport): string {
  if (kernel === undefined) return '';
  return formerKernel === undefined || formerKernel === kernel ? kernel : `${kernel}, before ${formerKernel}`;
}

function bootText({ boots }: ImageReport): string {
  return boots
    .map((boot) => {
      if (boot.outcome === 'booted') return `${boot.path} ${formatSeconds(boot.seconds)}`;
      return `${boot.path} ${boot.outcome === 'failed' ? 'FAILED' : 'not tried'}: ${boot.reason}`;
    })
    .join(', ');
}

function imageTable({ images }: ChannelReport): string {
  const rows = images.map((image) => {
    return [formatImageId(image), sizeText(image), kernelText(image), bootText(image)].map(cell).join(' | ');
  });
  return ['| image | size | kernel | booted |', '|---|---|---|---|', ...rows.map((row) => `| ${row} |`)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
