/**
 * Runs every part of the test suite and sums up: `static` (lint and types), the `unit` tests of each workspace, then each `test:*`
 * script of the root package.json, in the order in which they stand there. A part that fails does not stop the others.
 *
 *     node test/parts.ts [PART...]
 */
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';

const root = join(import.meta.dirname, '..');

/** The counts in a report of vitest's JSON reporter. */
const Report = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  numPendingTests: v.number(),
  testResults: v.array(v.object({ status: v.string() })),
});

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Part {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Where the command leaves its reports; none for a part that only succeeds or fails. */
  readonly reports: readonly string[];
}

async function readPackageJson(folder: string) {
  const schema = v.object({
    scripts: v.optional(v.record(v.string(), v.string()), {}),
  });
  return v.parse(schema, JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
}

async function workspacesWithUnitTests(): Promise<string[]> {
  const query = await execa('npm', ['query', '.workspace'], { cwd: root, stderr: 'ignore' });
  const workspaces = v.parse(v.array(v.object({ location: v.string() })), JSON.parse(query.stdout));
  const folders: string[] = [];
  for (const { location } of workspaces) {
    const { scripts } = await readPackageJson(join(root, location));
    if (scripts['unit'] !== undefined) folders.push(join(root, location));
  }
  return folders;
}

async function listParts(reportFolder: string): Promise<Part[]> {
  const reporters = (report: string) => ['--', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const unitReport = '.turbo/unit-report.json';
  const { scripts } = await readPackageJson(root);
  return [
    { name: 'static', command: ['turbo', 'run', '//#lint', 'types', '--output-logs=errors-only'], reports: [] },
    {
      name: 'unit',
      command: ['turbo', 'run', 'unit', '--force', '--output-logs=new-only', ...reporters(unitReport)],
      reports: (await workspacesWithUnitTests()).map((folder) => join(folder, unitReport)),
    },
    ...Object.keys(scripts)
      .filter((script) => script.startsWith('test:'))
      .map((script): Part => {
        const name = script.slice('test:'.length);
        const report = join(reportFolder, `${name}.json`);
        return { name, command: ['npm', 'run', script, ...reporters(report)], reports: [report] };
      }),
  ];
}

async function countTests(report: string): Promise<Counts> {
  const parsed = v.parse(Report, JSON.parse(await readFile(report, 'utf8')));
  // A file that breaks before its first test has no failed test to count: the file itself is the failure.
  const brokenFiles = parsed.testResults.filter(({ status }) => status === 'failed').length;
  return {
    passed: parsed.numPassedTests,
    failed: Math.max(parsed.numFailedTests, brokenFiles),
    skipped: parsed.numPendingTests,
  };
}

async function run(part: Part): Promise<Counts> {
  await Promise.all(part.reports.map((report) => rm(report, { force: true })));
  const [file, ...args] = part.command;
  const { failed } = await execa(file, args, { cwd: root, stdio: 'inherit', reject: false });
  if (part.reports.length === 0)
    return failed ? { passed: 0, failed: 1, skipped: 0 } : { passed: 1, failed: 0, skipped: 0 };
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const report of part.reports) {
    const counts = await countTests(report).catch(() => ({ passed: 0, failed: 1, skipped: 0 }));
    sum.passed += counts.passed;
    sum.failed += counts.failed;
    sum.skipped += counts.skipped;
  }
  // Whatever made the command fail counts, even if no test says so; and a part without a test has tested nothing.
  if (sum.failed === 0 && (failed || sum.passed === 0)) sum.failed = 1;
  return sum;
}

function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

const reportFolder = await mkdtemp(join(tmpdir(), 'nixos-images-test-'));
process.on('exit', () => rmSync(reportFolder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

const parts = await listParts(reportFolder);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(`No such part: ${unknown.join(', ')}. The parts are: ${parts.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const results: { name: string; counts: Counts; seconds: number }[] = [];
for (const part of wanted.length === 0 ? parts : parts.filter(({ name }) => wanted.includes(name))) {
  console.log(`\n── ${part.name} ──`);
  const start = performance.now();
  const counts = await run(part);
  results.push({ name: part.name, counts, seconds: Math.round((performance.now() - start) / 1000) });
}

const width = Math.max(...results.map(({ name }) => name.length));
console.log('\n── summary ──');
for (const { name, counts, seconds } of results) {
  console.log(`${name.padEnd(width)}  ${formatCounts(counts)}  (${seconds} s)`);
}
const total = results.reduce(
  (sum, { counts }) => ({
    passed: sum.passed + counts.passed,
    failed: sum.failed + counts.failed,
    skipped: sum.skipped + counts.skipped,
  }),
  { passed: 0, failed: 0, skipped: 0 },
);
console.log(formatCounts(total));
process.exitCode = total.failed === 0 ? 0 : 1;
