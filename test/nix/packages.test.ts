import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageFacts, KINDS, systemOf } from '@nixos-images/shared';
import { parseConfig } from 'nixos-images';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import config from '../../nixos-images.config.ts';
import { LocalFlake, root } from './local-nix.ts';

const SYSTEMS = { 'x86_64-linux': 'x86_64', 'aarch64-linux': 'aarch64' } as const;
const CHANNELS = ['nixos-26.05', 'nixos-unstable'];
const Facts = v.record(
  v.string(),
  v.object({
    image: ImageFacts,
    drvPath: v.string(),
    meta: v.object({ description: v.string(), platforms: v.array(v.string()) }),
  }),
);

let flake: LocalFlake;
beforeAll(async () => {
  flake = await LocalFlake.ofProject('packages');
});

const images = async (system: string) => {
  const answer = await flake.eval(
    `packages.${system}`,
    `packages: builtins.mapAttrs (_: package: { inherit (package) image drvPath meta; })
      (removeAttrs packages (builtins.filter (name: !(packages.\${name} ? image)) (builtins.attrNames packages)))`,
  );
  return v.parse(Facts, answer);
};

describe('packages', () => {
  it.each(Object.entries(SYSTEMS))(
    'has every kind in every channel for %s, named for what it is',
    async (system, arch) => {
      const found = await images(system);
      for (const [name, { image, meta }] of Object.entries(found)) {
        expect(meta).toMatchObject({
          description: expect.stringContaining(image.kind),
          platforms: Object.keys(SYSTEMS),
        });
        expect(name).toBe(`${image.kind}-${image.variant}-${image.channel}`);
        expect(image.arch).toBe(arch);
        expect(image.smoke).toBe(false);
      }
      const made = Object.values(found).map(({ image }) => `${image.kind} ${image.channel}`);
      for (const kind of KINDS) for (const channel of CHANNELS) expect(made).toContain(`${kind} ${channel}`);
    },
  );

  it('has the default variant of each kind', async () => {
    expect(Object.keys(await images('x86_64-linux'))).toEqual(
      expect.arrayContaining([
        'kexec-noninteractive-nixos-26.05',
        'iso-interactive-nixos-26.05',
        'netboot-interactive-nixos-26.05',
        'ipxe-menu-nixos-26.05',
      ]),
    );
  });

  it('makes a derivation of its own of every image', async () => {
    const paths = await Promise.all(Object.keys(SYSTEMS).map(images));
    // Both channels are the same stand-in here, so an image is the same in both but for the channel's name.
    const derivations = paths.flatMap((found) => Object.values(found).map(({ drvPath }) => drvPath));
    expect(new Set(derivations).size).toBe(derivations.length);
  });

  it('has a size limit for every file of every image of NixOS', async () => {
    const limits = v.parse(
      v.record(v.string(), v.record(v.string(), v.number())),
      JSON.parse(await readFile(join(root, 'nix/size-limits.json'), 'utf8')),
    );
    const roles = { kexec: ['tarball'], iso: ['iso'], netboot: ['initrd', 'kernel'] };
    for (const { image } of Object.values(await images('x86_64-linux'))) {
      // It does not grow with NixOS.
      if (image.kind === 'ipxe') continue;
      const wanted = [...roles[image.kind], ...(image.variant === 'lean' ? ['store'] : [])].sort();
      expect(Object.keys(limits[`${image.kind}-${image.variant}`] ?? {}).sort()).toEqual(wanted);
    }
  });
});

describe('flake.lock', () => {
  it('pins every input of the flake, on the branch that flake.nix names', async () => {
    expect(await flake.errorOfLock()).toBeUndefined();
  });
});

describe("the builder's config", () => {
  it('asks for packages that there are', async () => {
    const names = { 'x86_64-linux': await images('x86_64-linux'), 'aarch64-linux': await images('aarch64-linux') };
    const { channels } = parseConfig(config, join(root, 'nixos-images.config.ts'));
    expect(Object.keys(channels).sort()).toEqual(CHANNELS);
    for (const [channel, { images: wanted }] of Object.entries(channels)) {
      for (const { kind, variant, arches } of wanted) {
        for (const arch of arches)
          expect(Object.keys(names[systemOf(arch)])).toContain(`${kind}-${variant}-${channel}`);
      }
    }
  });
});

describe("somebody else's images", () => {
  let user: LocalFlake;
  beforeAll(async () => {
    user = await LocalFlake.ofUser('user');
  });

  it('come from mkImage with modules of their own', async () => {
    const image = await user.eval(
      'right.mkImage',
      'image: image.image // { inherit (image.config.networking) hostName; }',
    );
    expect(image).toMatchObject({ kind: 'iso', variant: 'interactive', channel: 'nixos-26.05', hostName: 'rescue' });
  });

  it('come from the modules alone, and still know their nixpkgs', async () => {
    const image = v.parse(ImageFacts, await user.eval('right.modules', 'image: image.image'));
    expect(image).toMatchObject({ kind: 'netboot', arch: 'aarch64', variant: 'tiny' });
  });

  it.each([
    ['system', "system must be one of x86_64-linux, aarch64-linux, not 'i686-linux'"],
    ['kind', "kind must be one of kexec, netboot, iso, not 'floppy'"],
    ['variant', "variant must be one of interactive, lean, low-memory, noninteractive, not 'colourful'"],
    ['channel', "A definition for option `nixosImage.channel' is not of type"],
    ['option', "The option `services.openssh.enabel' does not exist"],
    ['type', "A definition for option `boot.kernelParams' is not of type"],
    ['stage1', 'The installer images need boot.initrd.systemd.enable'],
    ['menu', 'isoImage.contents has no /isolinux/isolinux.cfg and no /EFI and no /boot/efi.img'],
    ['unnamed', 'nixosImage.variant is not set: name this flavour of the image'],
  ])('with a wrong %s are refused with what to set', async (mistake, sentence) => {
    expect(await user.errorOf(`wrong.${mistake}`, 'image: image.drvPath')).toContain(sentence);
  });

  it('are refused when nixpkgs has no revision to name', async () => {
    const nameless = await LocalFlake.ofProject('nameless', 'path');
    const error = await nameless.errorOf(
      'packages.x86_64-linux.iso-interactive-nixos-unstable.image.nixpkgs',
      'value: value',
    );
    expect(error).toContain('nixosImage.nixpkgs');
  });
});
