import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LocalEdge, startLocalEdge } from '@nixos-images/local-edge';
import { execa } from 'execa';
import { generateKey, parseSigningKey } from 'nixos-images/sign';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keysOf, openBucket } from './open-bucket.ts';

const root = join(import.meta.dirname, '../..');

let folder: string;
let localEdge: LocalEdge;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nixos-images-bad-input-'));
  localEdge = await startLocalEdge({ host: '127.0.0.1', port: 0, state: join(folder, 'bucket'), onLog: () => {} });
});
afterAll(async () => {
  await localEdge.stop();
  await rm(folder, { recursive: true });
});

/** A good image, whose upload could begin, and a second one whose image.json this script makes out of a good one. */
const flake = (spoil: string) => `{
  outputs = _: {
    packages.x86_64-linux = builtins.listToAttrs (map (variant: let
      image = {
        kind = "kexec"; arch = "x86_64"; inherit variant; channel = "nixos-26.05"; smoke = true;
        nixpkgs = { version = "26.05.20260820.e17386d"; revision = "e17386d"; };
      };
    in {
      name = "kexec-\${variant}-nixos-26.05";
      value = derivation {
        name = "kexec-\${variant}"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
        description = builtins.toJSON (image // { schema = 1; kernelVersion = "6.1.0"; files.tarball = "image.tar.gz"; });
        passAsFile = [ "description" ];
        args = [ "-c" "mkdir $out; cp $descriptionPath $out/image.json; echo \${variant} > $out/image.tar.gz; \${
          if variant == "interactive" then ${JSON.stringify(spoil)} else ""}" ];
      } // { inherit image; };
    }) [ "noninteractive" "interactive" ]);
  };
}
`;

interface RunOptions {
  readonly signing?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** Publishes both images of the flake. */
async function publish(spoil: string, { signing, env = {} }: RunOptions = {}) {
  await mkdir(join(folder, 'flake'), { recursive: true });
  await writeFile(join(folder, 'flake/flake.nix'), flake(spoil));
  const images = ['noninteractive', 'interactive'].map((variant) => ({ kind: 'kexec', variant, arches: ['x86_64'] }));
  const channels = { 'nixos-26.05': { flake: `path:${join(folder, 'flake')}`, images } };
  const bucket = { endpoint: localEdge.s3.endpoint, name: localEdge.s3.bucket };
  const config = join(folder, 'config.mjs');
  const value = { bucket, channels, state: 'state', ...(signing && { signing }) };
  await writeFile(config, `export default ${JSON.stringify(value)};\n`);
  const builder = [
    process.execPath,
    fileURLToPath(import.meta.resolve('nixos-images/bin')),
    'publish',
    '--config',
    config,
  ];
  const { exitCode, stderr } = await execa(
    join(root, 'test/smoke-images/with-nix'),
    [join(folder, 'nix'), ...builder],
    {
      reject: false,
      env: {
        AWS_ACCESS_KEY_ID: localEdge.s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: localEdge.s3.secretAccessKey,
        NIXOS_IMAGES_SIGNING_KEY: '',
        NIXOS_IMAGES_SIGNING_KEY_FILE: '',
        ...env,
      },
    },
  );
  expect(stderr).not.toMatch(/\n\s+at /);
  return { exitCode, said: stderr.trim().split('\n').slice(-2).join('\n') };
}

async function expectRefused({ exitCode, said }: Awaited<ReturnType<typeof publish>>, sentence: RegExp): Promise<void> {
  expect(said).toMatch(sentence);
  expect(exitCode).toBe(1);
  expect(await keysOf(openBucket(new URL(localEdge.s3.endpoint))), 'the bucket is as it was').toEqual([]);
}

describe('publish names what is wrong and what to do, and leaves the bucket alone, for', () => {
  it.each([
    [
      'an output without image.json',
      'rm $out/image.json',
      /^The output .* has no image\.json\.\n.*the flake package must write one/,
    ],
    [
      'an image.json that is not JSON',
      'echo x > $out/image.json',
      /image\.json is not JSON.*\nCorrect the image in the flake/,
    ],
    [
      'an image.json of a newer schema',
      'sed -i s/schema.:1/schema\\":2/ $out/image.json',
      /image\.json.* schema.*\nCorrect the image in the flake/,
    ],
    [
      'an image.json of another image',
      'sed -i s/x86_64/aarch64/ $out/image.json',
      /says "aarch64", and the package's `image` attribute says otherwise\.\nMake both say the same/,
    ],
    [
      'a file that is not there',
      'rm $out/image.tar.gz',
      /image\.json names image\.tar\.gz, which is no file there\.\nCorrect the image/,
    ],
  ])('%s', async (_, spoil, sentence) => {
    await expectRefused(await publish(spoil), sentence);
  });

  const key = generateKey();
  const signing = { publicKeys: [key.public.split('\n')[1]] };

  it('a signing key that is missing', async () => {
    await expectRefused(
      await publish('', { signing }),
      /^The config asks for signatures, and there is no signing key\.\nSet /,
    );
  });

  it('a signing key that the config does not list', async () => {
    const other = generateKey();
    const env = { NIXOS_IMAGES_SIGNING_KEY: other.secret };
    const { id } = parseSigningKey(other.secret);
    await expectRefused(
      await publish('', { signing, env }),
      new RegExp(`^The signing key is ${id}, and the config lists ${key.id}\\.\nAdd its public key`),
    );
  });

  it('a signing key that is none', async () => {
    const env = { NIXOS_IMAGES_SIGNING_KEY: 'hunter2' };
    await expectRefused(
      await publish('', { signing, env }),
      /^The signing key is not a minisign secret key\.\nMake one with/,
    );
  });
});
