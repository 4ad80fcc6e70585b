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
          inherit description; passAsFile = [ "description" ]; inherit (channel) content; size = channel.size or 0;
          args = [ "-c" "mkdir $out; cp $descriptionPath $out/image.json; { echo $content \${arch}; head -c $size /dev/zero; } > $out/image.tar.gz" ];
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
    this.endpoint = stage.stack.s3.endpoint;
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
    const bucket = { endpoint: this.endpoint, name: this.#stage.stack.s3.bucket };
    const config = { bucket, channels: { [STABLE.name]: channel, [UNSTABLE.name]: channel }, ...more };
    await writeFile(join(this.#stage.folder, 'release.mjs'), `export default ${JSON.stringify(config)};\n`);
  }

  /** Runs `nixos-images release` as the weekly workflow does. */
  async release(...args: string[]) {
    const { folder } = this.#stage;
    const command = [join(folder, 'nix'), join(root, 'node_modules/.bin/nixos-images'), 'release', ...UNTRIED];
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
