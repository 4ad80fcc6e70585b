import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, '.github', 'workflows');
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

const Step = v.object({ uses: v.optional(v.string()), run: v.optional(v.string()) });
const Workflow = v.object({
  on: v.record(v.string(), v.unknown()),
  permissions: v.record(v.string(), v.string()),
  jobs: v.record(
    v.string(),
    v.object({
      'timeout-minutes': v.number(),
      permissions: v.optional(v.record(v.string(), v.string()), {}),
      steps: v.array(Step),
    }),
  ),
});

/** What GitHub's own parser says against a workflow. */
function mistakesIn(name: string, content: string): string[] {
  const { context } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(({ message }) => message);
}

it('finds mistakes in a workflow', () => {
  const [{ text = '' } = {}] = workflows.filter(({ name }) => name === 'freshness.yml');
  expect(mistakesIn('a.yml', text.replace('vars.', 'vrs.'))).toEqual([expect.stringContaining('vrs')]);
  expect(mistakesIn('a.yml', text.replace('steps:', 'stips:')).length).toBeGreaterThan(0);
});

describe.each(workflows)('the workflow $name', ({ name, text }) => {
  const workflow = v.parse(Workflow, parse(text));
  const jobs = Object.values(workflow.jobs);

  it('is one that GitHub can run', () => {
    expect(mistakesIn(name, text)).toEqual([]);
  });

  it('pins every action to a commit and says which release that is', () => {
    const uses = text.split('\n').filter((line) => /^\s*-?\s*uses:/.test(line));
    expect(uses).toHaveLength(jobs.flatMap(({ steps }) => steps).filter(({ uses: used }) => used !== undefined).length);
    for (const line of uses) expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('has no rights but those that a job asks for', () => {
    expect(Object.values(workflow.permissions).filter((right) => right !== 'read')).toEqual([]);
    const writers = jobs.filter(({ permissions }) => Object.values(permissions).includes('write'));
    // Code of a pull request must never run with a right to write, nor with secrets.
    if ('pull_request' in workflow.on) expect(writers).toEqual([]);
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target');
  });

  it('puts neither secrets nor what users typed into a script, where it would be logged or run', () => {
    for (const { run = '' } of jobs.flatMap(({ steps }) => steps)) expect(run).not.toContain('${{');
  });
});

describe('the build matrix', () => {
  it('has one job an image that is to be built, by the name of its flake package', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'plan-')), 'plan.json');
    const path = 'aarch64-linux."iso-interactive-nixos-26.05"';
    const image = { kind: 'iso', arch: 'aarch64', variant: 'interactive', action: 'build', package: path };
    const channels = [
      { channel: 'nixos-26.05', state: 'to-release', images: [image, { ...image, kind: 'kexec', action: 'keep' }] },
      { channel: 'nixos-25.11', state: 'frozen', images: [image] },
    ];
    await writeFile(file, JSON.stringify({ channels }));
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, '.github', 'build-matrix.ts'), file]);
    expect(JSON.parse(stdout)).toEqual([
      {
        name: 'iso-interactive-nixos-26.05-aarch64',
        arch: 'aarch64',
        package: path,
      },
    ]);
  });
});
