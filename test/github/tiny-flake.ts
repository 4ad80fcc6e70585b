import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Stage, UNTRIED } from './stage.ts';

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
          name = "kexec-\${channel.name}"; system = "\${arch}-linux"; builder = "/bin/sh"; PATH = "${process.env['PATH']}";
          inherit description; passAsFile = [ "description" ]; inherit (channel) content; size = channel.size or 0; log = channel.log or ""; hold = channel.hold or ""; inherit arch;
          args = [ "-c" "log() { [ -z $log ] || echo $1 $arch >>$log; }; log begun; until [ -z $hold ] || [ $arch = x86_64 ] || [ -e $hold ]; do sleep 0.1; done; mkdir $out; cp $descriptionPath $out/image.json; { echo $content \${arch}; head -c $size /dev/zero; } > $out/image.tar.gz; log ended" ];
        } // { inherit image; };
      }) (import ./channels.nix));
    }) [ "x86_64" "aarch64" ]);
  };
}
`;

/** One channel of the flake. */
export interface FlakeChannel {
  readonly name: string;
  readonly series: string;
  readonly revision: string;
  readonly content: string;
  /** Bytes of zeros behind the content. */
  readonly size?: number;
  /** File that gets a line when a build begins and when it ends. */
  readonly log?: string;
  /** File that builds for aarch64 wait for. */
  readonly hold?: string;
}

export const STABLE: FlakeChannel = { name: 'nixos-26.05', series: '26.05', revision: 'aaaaaaa', content: 'one' };
export const UNSTABLE: FlakeChannel = { name: 'nixos-unstable', series: '26.11', revision: 'bbbbbbb', content: 'one' };

/** A config over that flake, and what is done with it. */
export class TinyFlake {
  /** Where the builder finds the bucket. */
  endpoint: string;
  readonly #stage: Stage;
  readonly #folder: string;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#folder = join(stage.folder, 'flake');
    this.endpoint = stage.localEdge.s3.endpoint;
  }

  async contain(...channels: FlakeChannel[]): Promise<void> {
    const attributes = (channel: FlakeChannel) =>
      Object.entries(channel)
        .map(([name, value]) => `${name} = ${JSON.stringify(value)};`)
        .join(' ');
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, 'flake.nix'), FLAKE);
    const list = channels.map((one) => `{ ${attributes(one)} }`).join(' ');
    await writeFile(join(this.#folder, 'channels.nix'), `[ ${list} ]\n`);
  }

  async configure(
    image: { readonly arches: readonly string[]; readonly budget?: number },
    more: object = {},
    ofChannels: object = {},
  ) {
    const channel = { flake: `path:${this.#folder}`, images: [{ kind: 'kexec', ...image }], ...ofChannels };
    const bucket = { endpoint: this.endpoint, name: this.#stage.localEdge.s3.bucket };
    const config = { bucket, channels: { [STABLE.name]: channel, [UNSTABLE.name]: channel }, ...more };
    await writeFile(join(this.#stage.folder, 'release.mjs'), `export default ${JSON.stringify(config)};\n`);
  }

  /** Runs `nixos-images release` as the weekly workflow does. */
  async release(...args: string[]) {
    return this.#release(args, []);
  }

  /** The same on a machine that can build for aarch64. */
  async releaseForAll(...args: string[]) {
    return this.#release(args, ['env', 'NIX_CONFIG=extra-platforms = aarch64-linux']);
  }

  /** Runs one of Nix's programs on the store that releases are built in. */
  async nix(...command: string[]): Promise<string> {
    const { stdout } = await execa(join(root, 'test/smoke-images/with-nix'), [
      join(this.#stage.folder, 'nix'),
      ...command,
    ]);
    return stdout;
  }

  async #release(args: readonly string[], through: readonly string[]) {
    const { folder } = this.#stage;
    const command = [
      join(folder, 'nix'),
      ...through,
      join(root, 'node_modules/.bin/nixos-images'),
      'release',
      ...UNTRIED,
    ];
    const { exitCode, stdout, stderr } = await execa(
      join(root, 'test/smoke-images/with-nix'),
      [...command, '--config', join(folder, 'release.mjs'), '--json', ...args],
      {
        cwd: folder,
        reject: false,
        env: { GITHUB_STEP_SUMMARY: join(folder, 'summary.md'), GITHUB_TOKEN: 'writer' },
      },
    );
    return { exitCode, stderr, report: stdout.startsWith('{') ? JSON.parse(stdout) : undefined };
  }
}
