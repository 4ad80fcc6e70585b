import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Stage, setStage, UNTRIED } from './stage.ts';

const root = join(import.meta.dirname, '..', '..');

/** A flake of tarballs that build in an instant; `aarch64` can be evaluated here, and not be built. */
const FLAKE = `{
  outputs = _: {
    packages = builtins.listToAttrs (map (arch: {
      name = "\${arch}-linux";
      value = builtins.listToAttrs (map (channel: {
        name = "kexec-noninteractive-\${channel.name}";
        value = let
          image = {
            kind = "kexec"; inherit arch; variant = "noninteractive"; channel = channel.name; smoke = true;
            nixpkgs = { version = "\${channel.series}.20261120.\${channel.revision}"; inherit (channel) revision; };
          };
          description = builtins.toJSON (image // {
            schema = 1; kernelVersion = "6.1.0"; files.tarball = "image.tar.gz";
          });
        in derivation {
          name = "kexec-\${channel.name}"; system = "\${arch}-linux"; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
          inherit description; passAsFile = [ "description" ]; content = channel.content;
          args = [ "-c" "mkdir $out; cp $descriptionPath $out/image.json; echo $content \${arch} > $out/image.tar.gz" ];
        } // { inherit image; };
      }) (import ./channels.nix));
    }) [ "x86_64" "aarch64" ]);
  };
}
`;

/** One channel of the flake. */
interface FlakeChannel {
  readonly name: string;
  readonly series: string;
  readonly revision: string;
  readonly content: string;
}

const STABLE: FlakeChannel = { name: 'nixos-26.05', series: '26.05', revision: 'aaaaaaa', content: 'one' };
const UNSTABLE: FlakeChannel = { name: 'nixos-unstable', series: '26.11', revision: 'bbbbbbb', content: 'one' };

let stage: Stage;
let flake: string;

async function setFlake(...channels: FlakeChannel[]): Promise<void> {
  const attributes = (channel: FlakeChannel) =>
    Object.entries(channel)
      .map(([name, value]) => `${name} = ${JSON.stringify(value)};`)
      .join(' ');
  await writeFile(join(flake, 'channels.nix'), `[ ${channels.map((one) => `{ ${attributes(one)} }`).join(' ')} ]\n`);
}

async function configure(arches: readonly string[], more: object = {}): Promise<void> {
  const channel = { flake: `path:${flake}`, images: [{ kind: 'kexec', arches }] };
  const { endpoint, bucket: name } = stage.stack.s3;
  const config = {
    bucket: { endpoint, name },
    channels: { [STABLE.name]: channel, [UNSTABLE.name]: channel },
    ...more,
  };
  await writeFile(join(stage.folder, 'release.mjs'), `export default ${JSON.stringify(config)};\n`);
}

/** Runs `nixos-images release` as the weekly workflow does. */
async function release(...args: string[]) {
  const command = [join(stage.folder, 'nix'), 'node', join(root, 'apps/builder/src/main.ts'), 'release', ...UNTRIED];
  const { exitCode, stdout, stderr } = await execa(
    join(root, 'test/smoke-images/with-nix'),
    [...command, '--config', join(stage.folder, 'release.mjs'), '--json', ...args],
    {
      cwd: stage.folder,
      reject: false,
      env: { GITHUB_STEP_SUMMARY: join(stage.folder, 'summary.md'), GITHUB_TOKEN: 'writer' },
    },
  );
  return { exitCode, stderr, report: stdout.startsWith('{') ? JSON.parse(stdout) : undefined };
}

beforeEach(async () => {
  stage = await setStage();
  flake = join(stage.folder, 'flake');
  await mkdir(flake);
  await writeFile(join(flake, 'flake.nix'), FLAKE);
  await setFlake(STABLE, UNSTABLE);
  await configure(['x86_64']);
});
afterEach(() => stage.stop());

describe('nixos-images release', () => {
  it('takes every channel from the flake to the bucket, and does nothing when there is nothing new', async () => {
    const first = await release();
    expect(first).toMatchObject({ exitCode: 0, report: { problems: [] } });
    expect(first.report.channels).toMatchObject([
      { channel: 'nixos-26.05', outcome: 'released', version: '26.05.20261120.aaaaaaa', problems: [] },
      { channel: 'nixos-unstable', outcome: 'released', version: '26.11.20261120.bbbbbbb', problems: [] },
    ]);
    expect(await readFile(join(stage.folder, 'summary.md'), 'utf8')).toContain(
      '## nixos-26.05: released 26.05.20261120.aaaaaaa',
    );
    const sums = await fetch(`${stage.stack.url}/releases/26.05.20261120.aaaaaaa/SHA256SUMS`);
    expect(sums.status).toBe(200);

    const second = await release();
    expect(second.exitCode).toBe(0);
    expect(second.report.channels).toMatchObject([{ outcome: 'unchanged' }, { outcome: 'unchanged' }]);
  });

  it('says what is new against the last release, and what is over its budget', async () => {
    await release();
    await setFlake({ ...STABLE, revision: 'ccccccc', content: 'longer than before' }, UNSTABLE);
    const channel = { flake: `path:${flake}`, images: [{ kind: 'kexec', arches: ['x86_64'], budget: 20 }] };
    await configure(['x86_64'], { channels: { [STABLE.name]: channel } });
    const { exitCode, report } = await release();
    expect(exitCode).toBe(1);
    expect(report.channels).toMatchObject([
      {
        outcome: 'released',
        before: '26.05.20261120.aaaaaaa',
        version: '26.05.20261120.ccccccc',
        images: [{ bytes: 26, formerBytes: 11, budget: 20 }],
        problems: ['kexec x86_64 noninteractive has 26 B, over its budget of 20 B.'],
      },
    ]);
  });

  it('releases one architecture when the other does not build, and says so', async () => {
    await configure(['x86_64', 'aarch64']);
    const { exitCode, report } = await release('--channel', '26.05');
    expect(exitCode).toBe(1);
    expect(report.channels).toMatchObject([
      {
        outcome: 'released',
        images: [{ arch: 'x86_64' }],
        problems: [expect.stringMatching(/^aarch64 does not build and is left out: Nix failed: /)],
      },
    ]);
  });

  it('releases one channel when the other cannot be evaluated', async () => {
    await setFlake(UNSTABLE);
    const { exitCode, report } = await release();
    expect(exitCode).toBe(1);
    expect(report.channels).toMatchObject([
      { channel: 'nixos-26.05', outcome: 'failed', problems: [expect.stringMatching(/^plan: /)] },
      { channel: 'nixos-unstable', outcome: 'released', problems: [] },
    ]);
  });

  it('brings what it promoted to the mirror, and goes on there when GitHub failed in between', async () => {
    await configure(['x86_64'], { mirror: { repository: stage.target.fullName, rolling: true } });
    stage.github.faults.plan({ kind: 'cut' }, ({ path }) => path.startsWith('/uploads/'), Number.POSITIVE_INFINITY);
    const first = await release('--channel', '26.05');
    expect(first.exitCode).toBe(1);
    expect(first.report.channels).toMatchObject([{ outcome: 'failed', version: '26.05.20261120.aaaaaaa' }]);

    stage.github.faults.clear();
    const second = await release('--channel', '26.05');
    expect(second.exitCode).toBe(0);
    expect(second.report.channels).toMatchObject([{ outcome: 'unchanged' }]);
    for (const tag of ['26.05.20261120.aaaaaaa', 'nixos-26.05']) {
      expect(stage.target.published(tag)?.assets).toMatchObject([
        { name: 'nixos-kexec-installer-noninteractive-x86_64-linux.tar.gz', bytes: Buffer.from('one x86_64\n') },
      ]);
    }
    expect(stage.github.differences).toEqual([]);
  });
}, 120_000);
